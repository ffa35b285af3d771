import type { Context } from "moleculer";
import { clean } from "../contract/clean.ts";
import { type Caller, type ClientError, type Meta, refuse } from "../contract/index.ts";
import type { UsersStore } from "../users/index.ts";
import { isMuted, type RoomMembership, type RoomRole, roleIn } from "./membership.ts";
import { rank } from "./moderation.ts";
import { roomKey, SMALL_ROOM } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

/** What the actions of the chat use. `clock` in milliseconds since 1970. */
export interface ChatParts {
  readonly store: ChatStore & UsersStore;
  readonly clock: () => number;
}

/** A call of a user about a room. */
export type RoomCall = Context<{ readonly room: string }, Meta & { readonly user: Caller }>;

/** The key of the room that a call names. Throws for a name that no room can have. */
export const keyOf = (ctx: RoomCall): string => clean("room", roomKey(ctx.params.room));

/**
 * The error for a user who is not in the room. For a room that is not public it is the same as for one that does not
 * exist, so that the response does not reveal the room. Neither does the time: both take one look-up.
 */
export function shutOut(standing: RoomMembership | undefined): ClientError {
  if (standing?.room.kind !== "public") return refuse("NOT_FOUND");
  return standing.membership?.state === "banned"
    ? refuse("BANNED", { field: "room" })
    : refuse("NOT_MEMBER", { field: "room" });
}

/** Returns the standing of a member, with the role in the room. Throws for users who are not members. */
export function inside(standing: RoomMembership | undefined): RoomMembership & { readonly role: RoomRole } {
  const role = standing && roleIn(standing);
  if (!role) throw shutOut(standing);
  return { ...standing, role };
}

/** Looks up the caller's standing in the room. Throws for callers who are not members. */
export async function enteredRoom(
  store: ChatStore,
  ctx: RoomCall,
): Promise<RoomMembership & { readonly role: RoomRole }> {
  return inside(await store.rooms.standing(keyOf(ctx), ctx.meta.user.id));
}

/** What signals (presence, typing, read receipts) need of a room that the user is in. */
export interface EnteredRoom {
  readonly room: string;
  readonly epoch: string;
  /** Position of the newest message. */
  readonly seq: number;
  /** Whether presence and read receipts are broadcast to its members. */
  readonly isSmall: boolean;
}

/** Looks up the room that a parameter names. Throws for users who are not members. */
export type EnterRoom = (input: string, userId: string) => Promise<EnteredRoom>;

export function roomAccess(store: ChatStore): EnterRoom {
  return async (input, userId) => {
    const { room } = inside(await store.rooms.standing(clean("room", roomKey(input)), userId));
    const { key, epoch, seq, members } = room;
    return { room: key, epoch, seq, isSmall: members <= SMALL_ROOM };
  };
}

/** Throws unless a user with this standing may write in the room now. */
export function mayWrite(standing: RoomMembership | undefined, now: number): void {
  const { room, membership } = inside(standing);
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
export async function ranked(store: ChatStore, ctx: RoomCall): Promise<RoomMembership & { readonly rank: number }> {
  const standing = await store.rooms.standing(keyOf(ctx), ctx.meta.user.id);
  const callerRank = standing ? rank(standing, ctx.meta.user.roles) : -1;
  if (!standing || callerRank < 0) throw shutOut(standing);
  return { ...standing, rank: callerRank };
}
