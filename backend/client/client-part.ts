import type { EventListeners } from "./server-events.ts";
import type { Profile } from "./server-types.ts";

/** A feature's part of a client: it holds the state that the feature's events change. Each member may be left out. */
export interface ClientPart {
  /** Called before all other listeners, in the order in which the parts were added. */
  readonly listeners?: EventListeners;
  /** What a new connection sends to the server beside the token (Socket.IO's `auth`). */
  readonly handshake?: () => Readonly<Record<string, unknown>>;
  /** Called when a user has signed in, before the connection is opened. */
  readonly onSignedIn?: (user: Profile) => void;
  /** Called when there is a connection, the first time and after every interruption. */
  readonly onOnline?: () => void;
  /** Called when the connection is lost. */
  readonly onOffline?: () => void;
  /**
   * Called when the session has ended, to forget all that belongs to the user. `isFinal` when the user has ended it:
   * then what was stored for the next session has to be removed too.
   */
  readonly onSignedOut?: (isFinal: boolean) => void;
}
