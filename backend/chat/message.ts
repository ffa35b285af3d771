import { accepted, type Checked, refused } from "../text/checked.ts";
import type { Message } from "./shapes.ts";

export { EDIT_WINDOW_MS } from "./constants.ts";
export type { Message, RoomState } from "./shapes.ts";

/** Number of messages in a page of history. */
export const HISTORY_PAGE_MESSAGES = 50;
/** Maximum number of missed messages that a joining client gets. One that has missed more gets the newest page. */
export const MAX_CATCH_UP_MESSAGES = 200;
/** Approximate maximum of the bytes of messages in one response. The next call reads the rest. */
export const MAX_RESPONSE_BYTES = 128 * 1024;

/** Bytes of a message in a response besides its text and mentions: names of fields, ids, times. */
const FIELDS_BYTES = 500;
/** Bytes of a mention: an id in quotation marks. */
const MENTION_BYTES = 40;

/** About how many bytes a message takes in a response. */
export function responseBytes({ text, mentions }: Message): number {
  return FIELDS_BYTES + Buffer.byteLength(text) + MENTION_BYTES * (mentions?.length ?? 0);
}

const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Checks a client's id for a message: 1 to 64 letters, digits, `-` and `_`. */
export function checkClientId(input: string): Checked<string> {
  return CLIENT_ID.test(input) ? accepted(input) : refused("CLIENT_ID");
}
