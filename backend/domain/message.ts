import { accepted, type Checked, refused } from "./checked.ts";

/** A message as everybody in the room sees it. */
export interface Message {
  /** Key of its room. */
  readonly room: string;
  /** Position in the room: 1, 2, 3 ... without gaps within one epoch. */
  readonly seq: number;
  /** Incarnation of the room's sequence; a client's position counts only within it. */
  readonly epoch: string;
  readonly author: { readonly id: string; readonly name: string };
  /** Empty once it is deleted. */
  readonly text: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number;
  /** The sender's own id for it: a retry with the same one is the same message. */
  readonly clientId: string;
  /** Ids of the members whose names stand in it after an `@`. */
  readonly mentions?: readonly string[];
  /** The room's revision at its last change; absent while it is as it was sent, like the two times below. */
  readonly revision?: number;
  readonly editedAt?: number;
  readonly deletedAt?: number;
}

/** What a client learns when it joins a room or comes back to it. */
export interface RoomState {
  readonly room: string;
  readonly epoch: string;
  /** Position of the newest message; 0 when there is none. */
  readonly seq: number;
  /** Where the room's changes stand: given back when joining again, it says what the client has seen of them. */
  readonly revision: number;
  readonly messages: readonly Message[];
  /** Messages up to the client's position that were edited or deleted since its revision. */
  readonly changed: readonly Message[];
  /** True: `messages` and `changed` are everything since the client's position. False: `messages` is the newest page; what lies between is unknown. */
  readonly recovered: boolean;
}

/** Messages in a page of history. */
export const PAGE = 50;
/** Most messages that a client gets at once when it comes back; beyond it gets the newest page. */
export const CATCH_UP = 200;

/** Milliseconds in which an author may edit a message: an hour. */
export const EDIT_TIME = 60 * 60 * 1000;

const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** A client's id for a message: letters, digits, `-` and `_`, at most 64. */
export function clientId(input: string): Checked<string> {
  return CLIENT_ID.test(input)
    ? accepted(input)
    : refused("CLIENT_ID", "A client id has 1 to 64 letters, digits, hyphens or underscores.");
}
