import { accepted, type Checked, refused } from "../text/checked.ts";
import { isReservedName } from "../text/look-alike.ts";
import { isPlainName } from "../text/name.ts";
import type { RoomKind } from "./shapes.ts";

export type { RoomKind } from "./shapes.ts";

/** The room that every user is a member of. It has no owner, and no user can leave it for good or be banned from it. */
export const LOBBY = "lobby";

/**
 * Members up to which a room is small: only there are all told who comes and goes and who has read how far; in larger
 * ones it would drown what is said.
 */
export const SMALL_ROOM = 50;
/** A room as the services know one. */
export interface Room {
  /** What clients call it: a public room's name, else a random id. */
  readonly key: string;
  readonly kind: RoomKind;
  /** Chosen by the user who opened a private room; null for the others. */
  readonly title: string | null;
  /** Incarnation of its sequence. */
  readonly epoch: string;
  /** Position of the newest message; 0 when there is none. */
  readonly seq: number;
  /** Grows with every change of a message and every coming and going. */
  readonly revision: number;
  /** People in it. */
  readonly members: number;
}

/** People who may be in one room; the lobby has no limit. */
export const MEMBERS_MAX: Readonly<Record<RoomKind, number>> = { public: 10_000, private: 500, direct: 2 };
/** Rooms that one user may be in and own, direct ones not counted. */
export const ROOMS_MAX = { joined: 100, owned: 50 } as const;
/** Rooms that one user may open in a day, by kind: names and other people's attention are what a flood would use up. */
export const OPENED_MAX: Readonly<Record<RoomKind, number>> = { public: 20, private: 20, direct: 30 };
/** Invitations that may wait for one user's answer. */
export const INVITATIONS_MAX = 50;
/** Rooms, members and reports in a page. */
export const LIST_PAGE = 50;

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,63}$/u;
/** No name starts with a tilde, so that no public room can have the key of another one. */
const HIDDEN = /^~[A-Za-z0-9_-]{22}$/;

/**
 * The one spelling of a room's name: NFKC and lower case; letters, digits, `-` and `_` of any script, 1 to 64
 * characters.
 */
export function roomName(input: string): Checked<string> {
  const name = input.isWellFormed() ? input.normalize("NFKC").trim().toLowerCase().normalize("NFKC") : "";
  return NAME.test(name) ? accepted(name) : refused("ROOM_NAME");
}

/** Whether a room's name, in its one spelling, may be the name of a new room. */
export function newRoomName(name: string): Checked<string> {
  if (!isPlainName(name)) return refused("ROOM_NAME");
  return isReservedName(name) ? refused("NAME_RESERVED") : accepted(name);
}

/** What a client may call a room: the name of a public one, or the key of one that is not. */
export function roomKey(input: string): Checked<string> {
  return HIDDEN.test(input) ? accepted(input) : roomName(input);
}
