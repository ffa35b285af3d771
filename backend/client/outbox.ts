import { type Backoff, isPassing, RequestError, waitFor } from "./requests.ts";

/**
 * A message on its way: `waiting` for its turn or a connection, `sending`, or `failed` for a reason that waiting does
 * not cure.
 */
export interface Pending {
  readonly clientId: string;
  readonly room: string;
  readonly text: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly at: number;
  readonly state: "waiting" | "sending" | "failed";
  readonly problem?: string;
}

/** Where text can be kept: a browser's `sessionStorage`, which outlives a reload and is each tab's own. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface OutboxOptions {
  /** Sends one; when it resolves, the server has stored the message. */
  readonly send: (pending: Pending) => Promise<void>;
  readonly onChange: () => void;
  readonly backoff: Backoff;
  /** Keeps what is not sent yet; it lives in memory alone when left out. */
  readonly keep: Keep | undefined;
}

/** Messages that may wait; each is at most a few kilobytes. */
const ROOM = 200;

/**
 * The messages that are not acknowledged yet, in the order in which they were written. Each has an id of its own from
 * the start and is sent under it until the server has answered, so that trying again never makes two of one.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #pending: readonly Pending[] = [];
  #key: string | undefined;
  #isOnline = false;
  #isSending = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  /** Takes up what was kept of this user's. */
  open(userId: string): void {
    this.#key = `causeway.outbox.${userId}`;
    const known = new Set(this.#pending.map(({ clientId }) => clientId));
    const kept = this.#kept().filter(({ clientId }) => !known.has(clientId));
    this.#become([...kept, ...this.#pending].slice(0, ROOM));
  }

  /** Starts to send; without a connection, stops. */
  online(isOnline: boolean): void {
    this.#isOnline = isOnline;
    clearTimeout(this.#timer);
    this.#tries = 0;
    if (isOnline) void this.#flush();
  }

  /** Takes a message. Throws `OUTBOX_FULL` when too many are waiting. */
  add(room: string, text: string): Pending {
    if (this.#pending.length >= ROOM) {
      throw new RequestError("OUTBOX_FULL", "Too many messages are waiting to be sent. Send or discard some first.");
    }
    const pending: Pending = { clientId: newClientId(), room, text, at: Date.now(), state: "waiting" };
    this.#become([...this.#pending, pending]);
    void this.#flush();
    return pending;
  }

  /** Tries a failed message again, as the same message. */
  retry(clientId: string): void {
    this.#update(clientId, "waiting");
    void this.#flush();
  }

  /** Drops messages: they have been stored, or are given up. */
  remove(...clientIds: readonly string[]): void {
    const left = this.#pending.filter(({ clientId }) => !clientIds.includes(clientId));
    if (left.length < this.#pending.length) this.#become(left);
  }

  /** Forgets what is in memory; with `discard`, what was kept as well. */
  close(discard: boolean): void {
    this.online(false);
    if (discard && this.#key !== undefined) this.#options.keep?.removeItem(this.#key);
    this.#key = undefined;
    this.#pending = [];
  }

  /** Sends what waits, one after the other, so that nothing overtakes. */
  async #flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    clearTimeout(this.#timer);
    try {
      for (let next = this.#next(); next && this.#isOnline; next = this.#next()) {
        if (!(await this.#deliver(next))) break;
      }
    } finally {
      this.#isSending = false;
    }
  }

  #next(): Pending | undefined {
    return this.#pending.find(({ state }) => state === "waiting");
  }

  /** False when there is no point in going on now. */
  async #deliver(pending: Pending): Promise<boolean> {
    const { clientId } = pending;
    this.#update(clientId, "sending");
    try {
      await this.#options.send(pending);
      this.#tries = 0;
      this.remove(clientId);
      return true;
    } catch (error) {
      if (isPassing(error)) {
        this.#update(clientId, "waiting");
        // without a connection, the next one starts again
        if (this.#isOnline) {
          this.#timer = setTimeout(() => void this.#flush(), waitFor(error, this.#tries++, this.#options.backoff));
        }
        return false;
      }
      this.#update(clientId, "failed", error instanceof Error ? error.message : "It could not be sent.");
      return true;
    }
  }

  #update(clientId: string, state: Pending["state"], problem?: string): void {
    this.#become(
      this.#pending.map((pending) => {
        if (pending.clientId !== clientId) return pending;
        const { problem: _past, ...rest } = pending;
        return { ...rest, state, ...(problem !== undefined && { problem }) };
      }),
    );
  }

  #become(pending: readonly Pending[]): void {
    this.#pending = pending;
    try {
      if (this.#key !== undefined) this.#options.keep?.setItem(this.#key, JSON.stringify(pending));
    } catch {
      // a browser that is full or keeps nothing forgets it with the page
    }
    this.#options.onChange();
  }

  #kept(): readonly Pending[] {
    try {
      const kept: unknown = JSON.parse((this.#key && this.#options.keep?.getItem(this.#key)) || "[]");
      if (!Array.isArray(kept)) return [];
      // what was under way when the page closed may have been stored: under its id, sending it again does no harm
      return kept.filter(isPending).map((one) => (one.state === "sending" ? { ...one, state: "waiting" } : one));
    } catch {
      return [];
    }
  }
}

function isPending(value: unknown): value is Pending {
  const { clientId, room, text, at, state } = (value ?? {}) as Record<string, unknown>;
  const texts = [clientId, room, text].every((one) => typeof one === "string");
  return texts && typeof at === "number" && ["waiting", "sending", "failed"].some((known) => known === state);
}

/** 128 random bits; `crypto.randomUUID` does not exist on a page without TLS. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
