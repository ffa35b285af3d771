import { LOBBY, type Room } from "./room.ts";
import type { RoomRole } from "./shapes.ts";

export { type MembershipChange, ROOM_ROLES, type RoomRole } from "./shapes.ts";

/** `out`: the user has left the room or declined an invitation. Leaving ends neither a mute nor a ban. */
export type MembershipState = "in" | "invited" | "out" | "banned";

/** What is stored of a user and a room. Times in milliseconds since 1970. */
export interface Membership {
  readonly userId: string;
  readonly role: RoomRole;
  readonly state: MembershipState;
  /**
   * The room's revision when the user last joined or left: a node ignores a leave that is older than the latest join.
   */
  readonly since: number;
  /** Until when the user is muted; null, or a time in the past, for a user who is not. */
  readonly mutedUntil: number | null;
}

/** Milliseconds for which the membership of a user who has left stays stored: a day. */
export const LEFT_RETENTION_MS = 24 * 60 * 60 * 1000;

/** A user's standing in a room: the room, and the user's membership; undefined for a user who never had one. */
export interface Standing {
  readonly room: Room;
  readonly membership: Membership | undefined;
}

/** The role of a member of the room; undefined for other users. Every user is a member of the lobby. */
export function roleIn({ room, membership }: Standing): RoomRole | undefined {
  if (room.key === LOBBY) return "member";
  return membership?.state === "in" ? membership.role : undefined;
}

/** Whether the user may not write at the moment. */
export function isMuted({ membership }: Standing, now: number): boolean {
  return (membership?.mutedUntil ?? 0) > now;
}
