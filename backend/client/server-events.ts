import type { Emitted } from "./server-types.ts";

/** The names of the events that listeners can be added for. `drain` is for the connection alone. */
export type ClientEvent = Exclude<keyof Emitted, "drain">;

/** Called with the payload of an event. */
type Listener<E extends ClientEvent> = (payload: Emitted[E]) => void;

/** What the client does with the events that it knows. A feature may emit others. */
type OwnListeners = { readonly [E in ClientEvent]?: Listener<E> };

/** Hands the server's events to the client's own parts first, and then to all listeners that a program has added. */
export class ServerEvents {
  readonly #added = new Map<ClientEvent, Set<(payload: never) => void>>();
  readonly #own: ReadonlyMap<string, (payload: never) => void>;

  /** `own` updates the client's state. */
  constructor(own: OwnListeners) {
    this.#own = new Map(Object.entries(own));
  }

  /** Called by the connection. */
  receive(event: string, payload: unknown): void {
    this.#own.get(event)?.(payload as never);
    for (const listener of [...(this.#added.get(event as ClientEvent) ?? [])]) listener(payload as never);
  }

  /** Adds a listener and returns a function that removes it. */
  on<E extends ClientEvent>(event: E, listener: Listener<E>): () => void {
    const added = this.#added.get(event) ?? new Set();
    this.#added.set(event, added.add(listener));
    return () => void added.delete(listener);
  }
}
