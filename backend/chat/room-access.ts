import type { Context } from "moleculer";
import { type Caller, type ClientError, type Meta, refuse } from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import type { UsersStore } from "../users/index.ts";
import { isMuted, type RoomRole, roleIn, type Standing } from "./membership.ts";
import { NOT_A_MEMBER_RANK, rankOf } from "./moderation.ts";
import { checkRoomKey, MAX_SMALL_ROOM_MEMBERS } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

/** What the actions of the chat use. `clock` in milliseconds since 1970. */
export interface ChatParts {
  readonly store: ChatStore & UsersStore;
  readonly clock: () => number;
}

/** A call of a user about a room. */
export type RoomCall = Context<{ readonly room: string }, Meta & { readonly user: Caller }>;

/** The key of the room that a call names. Throws for a name that no room can have. */
export const requireRoomKey = (ctx: RoomCall): string => requireValid("room", checkRoomKey(ctx.params.room));

/**
 * The error for a user who is not in the room. For a room that is not public it is the same as for one that does not
 * exist, so that the response does not reveal the room. Neither does the time: both take one look-up.
 */
export function notInRoomError(standing: Standing | undefined): ClientError {
  if (standing?.room.kind !== "public") return refuse("NOT_FOUND");
  return standing.membership?.state === "banned"
    ? refuse("BANNED", { field: "room" })
    : refuse("NOT_MEMBER", { field: "room" });
}

/** Returns the standing of a member, with the role in the room. Throws for users who are not members. */
export function assertMember(standing: Standing | undefined): Standing & { readonly role: RoomRole } {
  const role = standing && roleIn(standing);
  if (!role) throw notInRoomError(standing);
  return { ...standing, role };
}

/** Looks up the caller's standing in the room. Throws for callers who are not members. */
export async function requireMembership(
  store: ChatStore,
  ctx: RoomCall,
): Promise<Standing & { readonly role: RoomRole }> {
  return assertMember(await store.rooms.findStanding(requireRoomKey(ctx), ctx.meta.user.id));
}

/** What signals (presence, typing, read receipts) need of a room that the user is in. */
export interface SignalRoom {
  readonly room: string;
  readonly epoch: string;
  /** Position of the newest message. */
  readonly seq: number;
  /** Whether presence and read receipts are broadcast to its members. */
  readonly isSmall: boolean;
}

/** Looks up the room that a parameter names. Throws for users who are not members. */
export type FindSignalRoom = (input: string, userId: string) => Promise<SignalRoom>;

export function signalRoomFinder(store: ChatStore): FindSignalRoom {
  return async (input, userId) => {
    const { room } = assertMember(await store.rooms.findStanding(requireValid("room", checkRoomKey(input)), userId));
    const { key, epoch, seq, members } = room;
    return { room: key, epoch, seq, isSmall: members <= MAX_SMALL_ROOM_MEMBERS };
  };
}

/** Throws unless a user with this standing may write in the room now. */
export function assertMayWrite(standing: Standing | undefined, now: number): void {
  const { room, membership } = assertMember(standing);
  if (standing && isMuted(standing, now)) {
    const retryAfter = ((membership?.mutedUntil ?? now) - now) / 1000;
    throw refuse("MUTED", { field: "room", retryAfter });
  }
  if (room.kind === "direct" && room.members < 2) {
    throw refuse("PEER_LEFT", { field: "room" });
  }
}

/**
 * Looks up the caller's standing and rank in a room. Throws for callers who are neither members nor site moderators.
 */
export async function requireRank(store: ChatStore, ctx: RoomCall): Promise<Standing & { readonly rank: number }> {
  const standing = await store.rooms.findStanding(requireRoomKey(ctx), ctx.meta.user.id);
  const callerRank = standing ? rankOf(standing, ctx.meta.user.roles) : NOT_A_MEMBER_RANK;
  if (!standing || callerRank === NOT_A_MEMBER_RANK) throw notInRoomError(standing);
  return { ...standing, rank: callerRank };
}
