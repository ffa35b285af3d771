import type { Connect } from "./connection.ts";
import type { Backoff, Fetch } from "./requests.ts";

/** Whether a user is signed in, and whether the server can be reached. */
export type ClientState = "signedOut" | "connecting" | "online" | "reconnecting";

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
  readonly renewBeforeMs?: number;
  /** Milliseconds between two attempts to reach the server. */
  readonly backoff?: Backoff;
}
