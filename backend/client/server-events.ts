import type { Emitted } from "./server-types.ts";

/** The names of the events that listeners can be added for. `drain` is for the connection alone. */
export type ClientEvent = Exclude<keyof Emitted, "drain">;

/** Called with the payload of an event. */
type Listener<E extends ClientEvent> = (payload: Emitted[E]) => void;

/** One listener for each event. */
export type ServerEventListeners = { readonly [E in ClientEvent]: Listener<E> };

/** Hands the server's events to the client's own parts first, and then to all listeners that a program has added. */
export class ServerEvents {
  readonly #added = new Map<ClientEvent, Set<(payload: never) => void>>();
  /** What the connection calls. */
  readonly listeners: ServerEventListeners;

  /** `own` updates the client's state. */
  constructor(own: ServerEventListeners) {
    const both = <E extends ClientEvent>(event: E): Listener<E> => {
      return (payload) => {
        own[event](payload);
        const added = this.#added.get(event) as ReadonlySet<Listener<E>> | undefined;
        for (const listener of [...(added ?? [])]) listener(payload);
      };
    };
    this.listeners = {
      message: both("message"),
      messageChanged: both("messageChanged"),
      membership: both("membership"),
      presence: both("presence"),
      typing: both("typing"),
      read: both("read"),
      serverMessage: both("serverMessage"),
    };
  }

  /** Adds a listener and returns a function that removes it. */
  on<E extends ClientEvent>(event: E, listener: Listener<E>): () => void {
    const added = this.#added.get(event) ?? new Set();
    this.#added.set(event, added.add(listener));
    return () => void added.delete(listener);
  }
}
