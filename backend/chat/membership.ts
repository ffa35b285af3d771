import { LOBBY, type Room } from "./room.ts";
import type { RoomRole } from "./shapes.ts";

export { type MembershipChange, ROOM_ROLES, type RoomRole } from "./shapes.ts";

/** `out`: was in it, or was asked and did not want to. A mute and a ban outlive leaving. */
export type MembershipState = "in" | "invited" | "out" | "banned";

/** What binds a user to a room. Times in milliseconds since 1970. */
export interface Membership {
  readonly userId: string;
  readonly role: RoomRole;
  readonly state: MembershipState;
  /** The room's revision at the user's last coming or going: tells an old going from a new coming. */
  readonly since: number;
  /** Until when they may not speak; null, or a time that is over, when they may. */
  readonly mutedUntil: number | null;
}

/** Milliseconds for which it is stored that a user left: a day. */
export const LEFT_KEPT = 24 * 60 * 60 * 1000;

/** A room and how one user stands in it. */
export interface RoomMembership {
  readonly room: Room;
  readonly membership: Membership | undefined;
}

/** The role of a member of the room; undefined for other users. Every user is a member of the lobby. */
export function roleIn({ room, membership }: RoomMembership): RoomRole | undefined {
  if (room.key === LOBBY) return "member";
  return membership?.state === "in" ? membership.role : undefined;
}

/** Whether they may not speak at the moment. */
export function isMuted({ membership }: RoomMembership, now: number): boolean {
  return (membership?.mutedUntil ?? 0) > now;
}
