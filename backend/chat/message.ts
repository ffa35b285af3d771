import { accepted, type Checked, refused } from "../text/checked.ts";

export type { Message, RoomState } from "../surface/rooms.ts";

/** Messages in a page of history. */
export const PAGE = 50;
/** Most messages that a client gets when it comes back; beyond it gets the newest page. */
export const CATCH_UP = 200;
/** Bytes of messages in one response, about; what does not fit is read with the next one. */
export const ANSWER_BYTES = 128 * 1024;

/** Milliseconds in which an author may edit a message: an hour. */
export const EDIT_TIME = 60 * 60 * 1000;

const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** A client's id for a message: letters, digits, `-` and `_`, at most 64. */
export function clientId(input: string): Checked<string> {
  return CLIENT_ID.test(input) ? accepted(input) : refused("CLIENT_ID");
}
