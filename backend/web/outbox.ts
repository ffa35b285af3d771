/** A message on its way: `waiting` for its turn or a connection, `sending`, or `failed` for a reason that waiting does not cure. */
export interface Pending {
  readonly clientId: string;
  readonly room: string;
  readonly text: string;
  readonly at: number;
  readonly state: "waiting" | "sending" | "failed";
  readonly problem?: string;
}

/** The messages that are not acknowledged yet, in the order in which they were written. */
export class Outbox {
  #pending: readonly Pending[] = [];

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  /** The next one to send, if none is under way. */
  get next(): Pending | undefined {
    return this.#pending.find(({ state }) => state === "waiting");
  }

  add(room: string, text: string, at: number): Pending {
    const pending: Pending = { clientId: newClientId(), room, text, at, state: "waiting" };
    this.#pending = [...this.#pending, pending];
    return pending;
  }

  update(clientId: string, change: Pick<Pending, "state"> & { readonly problem?: string }): void {
    this.#pending = this.#pending.map((pending) => {
      if (pending.clientId !== clientId) return pending;
      const { problem: _past, ...rest } = pending;
      return { ...rest, ...change };
    });
  }

  remove(clientId: string): void {
    this.#pending = this.#pending.filter((pending) => pending.clientId !== clientId);
  }
}

/** 128 random bits; `crypto.randomUUID` does not exist on a page without TLS. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
