import { accepted, type Checked, refused } from "../text/checked.ts";
import { isReservedName } from "../text/look-alike.ts";
import { isPlainName } from "../text/name.ts";
import type { RoomKind } from "./shapes.ts";

export type { RoomKind } from "./shapes.ts";

/** The room that every user is a member of. It has no owner, and no user can leave it for good or be banned from it. */
export const LOBBY = "lobby";

/**
 * Maximum number of members of a small room. In larger ones, presence and read receipts are not broadcast: they would
 * be more than the messages.
 */
export const MAX_SMALL_ROOM_MEMBERS = 50;

/** A room as it is stored. */
export interface Room {
  /** Identifies the room for clients: a public room's name, else a random id. */
  readonly key: string;
  readonly kind: RoomKind;
  /** Chosen by the user who opened a private room; null for the others. */
  readonly title: string | null;
  /** An id of the numbering of its messages: with another epoch, a client's cursor means nothing. */
  readonly epoch: string;
  /** Number of the newest message; 0 when there is none. */
  readonly seq: number;
  /** Grows with every change of a message, and whenever a user joins or leaves. */
  readonly revision: number;
  /** Number of members. */
  readonly members: number;
}

/** Maximum number of members of a room; the lobby has no limit. */
export const MAX_MEMBERS: Readonly<Record<RoomKind, number>> = { public: 10_000, private: 500, direct: 2 };
/** Maximum number of rooms that one user may be in, and own. Direct rooms are not counted. */
export const MAX_ROOMS = { joined: 100, owned: 50 } as const;
/**
 * Maximum number of rooms that one user may open in a day, by kind: a flood would use up names, or annoy other users.
 */
export const MAX_OPENED_PER_DAY: Readonly<Record<RoomKind, number>> = { public: 20, private: 20, direct: 30 };
/** Maximum number of open invitations of one user. */
export const MAX_INVITATIONS = 50;
/** Number of rooms, members or reports in a page. */
export const LIST_PAGE_SIZE = 50;

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,63}$/u;
/** The key of a room that is not public. No name starts with a tilde, so that no public room can have such a key. */
const KEY_WITHOUT_NAME = /^~[A-Za-z0-9_-]{22}$/;

/**
 * Checks the name of a room: 1 to 64 letters, digits, `-` and `_` of any script. Returns the one spelling by which the
 * room is stored: NFKC, lower case.
 */
export function checkRoomName(input: string): Checked<string> {
  const name = input.isWellFormed() ? input.normalize("NFKC").trim().toLowerCase().normalize("NFKC") : "";
  return NAME.test(name) ? accepted(name) : refused("ROOM_NAME");
}

/** Checks whether a name that `checkRoomName` has returned may be that of a new room. */
export function checkNewRoomName(name: string): Checked<string> {
  if (!isPlainName(name)) return refused("ROOM_NAME");
  return isReservedName(name) ? refused("NAME_RESERVED") : accepted(name);
}

/** Checks what a client sends to name a room: the name of a public one, or the key of another one. */
export function checkRoomKey(input: string): Checked<string> {
  return KEY_WITHOUT_NAME.test(input) ? accepted(input) : checkRoomName(input);
}
