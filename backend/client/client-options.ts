import type { Keep } from "./chat/outbox.ts";
import type { Connect } from "./connection.ts";
import type { Backoff, Fetch } from "./requests.ts";
import type { Emitted } from "./server-types.ts";

/** Whether a user is signed in, and whether the server can be reached. */
export type ClientState = "signedOut" | "connecting" | "online" | "reconnecting";

/** A text to all users; it is not stored. */
export type Announcement = Emitted["serverMessage"];

export interface ClientOptions {
  readonly connect: Connect;
  /** The server's origin; the page's own origin when left out. */
  readonly url?: string;
  /** Makes HTTP requests; the global `fetch` when left out. */
  readonly fetch?: Fetch;
  /** Called when anything that a view shows has changed. */
  readonly onChange?: () => void;
  /** Called when the session has ended and neither `logout` nor `removeAccount` has ended it. */
  readonly onSignedOut?: () => void;
  /** Milliseconds before the access token expires at which it is renewed; a minute when left out. */
  readonly renewBefore?: number;
  /** Milliseconds between two attempts to reach the server. */
  readonly backoff?: Backoff;
  /** Joins all rooms that the user is in, so that the messages and mentions of all of them arrive. */
  readonly follow?: boolean;
  /** Stores messages that are not sent yet, for example a browser's `sessionStorage`; without it, only memory does. */
  readonly keep?: Keep;
}
