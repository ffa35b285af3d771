import type { Emitted } from "./server-types.ts";

/** The names of the events that listeners can be added for. `drain` is for the connection alone. */
export type ClientEvent = Exclude<keyof Emitted, "drain">;

/** Called with the payload of an event. */
type Listener<E extends ClientEvent> = (payload: Emitted[E]) => void;

/** One listener for some of the events, by their names. */
export type EventListeners = { readonly [E in ClientEvent]?: Listener<E> };

/** A listener whose event is not known where it is called. */
type AnyListener = (payload: never) => void;

/** Calls listeners with the server's events: first those that update the client's state, then those of the program. */
export class ServerEvents {
  readonly #first = new Map<string, AnyListener[]>();
  readonly #added = new Map<string, Set<AnyListener>>();

  /** Called by the connection. */
  receive(event: string, payload: unknown): void {
    for (const listener of this.#first.get(event) ?? []) listener(payload as never);
    for (const listener of [...(this.#added.get(event) ?? [])]) listener(payload as never);
  }

  /** Adds listeners that are called before those that `on` adds. */
  addFirst(listeners: EventListeners): void {
    for (const [event, listener] of Object.entries<AnyListener>(listeners)) {
      this.#first.set(event, [...(this.#first.get(event) ?? []), listener]);
    }
  }

  /** Adds a listener and returns a function that removes it. */
  on<E extends ClientEvent>(event: E, listener: Listener<E>): () => void {
    const added = this.#added.get(event) ?? new Set();
    this.#added.set(event, added.add(listener));
    return () => void added.delete(listener);
  }
}
