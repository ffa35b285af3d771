import { accepted, type Checked, refused } from "./checked.ts";

/** A message as everybody in the room sees it. */
export interface Message {
  /** Room name. */
  readonly room: string;
  /** Position in the room: 1, 2, 3 ... without gaps within one epoch. */
  readonly seq: number;
  /** Incarnation of the room's sequence; a client's position counts only within it. */
  readonly epoch: string;
  readonly author: { readonly id: string; readonly name: string };
  readonly text: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number;
  /** The sender's own id for it: a retry with the same one is the same message. */
  readonly clientId: string;
}

/** What a client learns when it joins a room or comes back to it. */
export interface RoomState {
  readonly room: string;
  readonly epoch: string;
  /** Position of the newest message; 0 when there is none. */
  readonly seq: number;
  readonly messages: readonly Message[];
  /** True: `messages` is everything since the client's position. False: it is the newest page; what lies between is unknown. */
  readonly recovered: boolean;
}

/** Messages in a page of history. */
export const PAGE = 50;
/** Most messages that a client gets at once when it comes back; beyond it gets the newest page. */
export const CATCH_UP = 200;

const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** A client's id for a message: letters, digits, `-` and `_`, at most 64. */
export function clientId(input: string): Checked<string> {
  return CLIENT_ID.test(input)
    ? accepted(input)
    : refused("CLIENT_ID", "A client id has 1 to 64 letters, digits, hyphens or underscores.");
}
