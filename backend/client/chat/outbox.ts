import { type Backoff, isTemporary, RequestError, waitFor } from "../index.ts";

/**
 * A message that is not stored yet: `waiting` for its turn or a connection, `sending`, or `failed` because the server
 * refuses it.
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

/** Stores text, like a browser's `sessionStorage`, which each tab has and which survives a reload. */
export interface OutboxStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface OutboxOptions {
  /** Sends a message. When it resolves, the server has stored the message. */
  readonly send: (pending: Pending) => Promise<void>;
  readonly onChange: () => void;
  readonly backoff: Backoff;
  /** Stores the messages that are not sent yet; without it, only memory has them. */
  readonly storage: OutboxStorage | undefined;
}

/** Maximum number of messages that wait; each has a few kilobytes at most. */
const MAX_PENDING = 200;

/**
 * The messages that are not acknowledged yet, in the order in which they were written. Each is sent with the same
 * client id until the server acknowledges it, so that no attempt stores it twice.
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

  /** Loads the messages of this user that were stored. */
  open(userId: string): void {
    this.#key = `causeway.outbox.${userId}`;
    const known = new Set(this.#pending.map(({ clientId }) => clientId));
    const stored = this.#readStored().filter(({ clientId }) => !known.has(clientId));
    this.#setPending([...stored, ...this.#pending].slice(0, MAX_PENDING));
  }

  /** Starts to send, or stops when there is no connection. */
  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline;
    clearTimeout(this.#timer);
    this.#tries = 0;
    if (isOnline) void this.#flush();
  }

  /** Accepts a message. Throws `OUTBOX_FULL` when too many wait. */
  add(room: string, text: string): Pending {
    if (this.#pending.length >= MAX_PENDING) {
      throw new RequestError("OUTBOX_FULL", "Too many messages are waiting to be sent. Send or discard some first.");
    }
    const pending: Pending = { clientId: newClientId(), room, text, at: Date.now(), state: "waiting" };
    this.#setPending([...this.#pending, pending]);
    void this.#flush();
    return pending;
  }

  /** Tries to send a failed message again, with the same client id. */
  retry(clientId: string): void {
    this.#update(clientId, "waiting");
    void this.#flush();
  }

  /** Removes messages that are stored or discarded. */
  remove(...clientIds: readonly string[]): void {
    const left = this.#pending.filter(({ clientId }) => !clientIds.includes(clientId));
    if (left.length < this.#pending.length) this.#setPending(left);
  }

  /** Forgets all messages in memory, and with `discard` the stored ones too. */
  close(discard: boolean): void {
    this.setOnline(false);
    if (discard && this.#key !== undefined) this.#options.storage?.removeItem(this.#key);
    this.#key = undefined;
    this.#pending = [];
  }

  /** Sends the waiting messages one after the other, so that they keep their order. */
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

  /** Sends one message. False when the next one has to wait. */
  async #deliver(pending: Pending): Promise<boolean> {
    const { clientId } = pending;
    this.#update(clientId, "sending");
    try {
      await this.#options.send(pending);
      this.#tries = 0;
      this.remove(clientId);
      return true;
    } catch (error) {
      if (isTemporary(error)) {
        this.#update(clientId, "waiting");
        // without a connection, the next connection starts again
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
    this.#setPending(
      this.#pending.map((pending) => {
        if (pending.clientId !== clientId) return pending;
        const { problem: _past, ...rest } = pending;
        return { ...rest, state, ...(problem !== undefined && { problem }) };
      }),
    );
  }

  #setPending(pending: readonly Pending[]): void {
    this.#pending = pending;
    try {
      if (this.#key !== undefined) this.#options.storage?.setItem(this.#key, JSON.stringify(pending));
    } catch {
      // where the storage is full or not allowed, only memory has the messages
    }
    this.#options.onChange();
  }

  #readStored(): readonly Pending[] {
    try {
      const stored: unknown = JSON.parse((this.#key && this.#options.storage?.getItem(this.#key)) || "[]");
      if (!Array.isArray(stored)) return [];
      // a message that was being sent may be stored: with the same client id it is not stored twice
      return stored.filter(isPending).map((one) => (one.state === "sending" ? { ...one, state: "waiting" } : one));
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

/** 128 random bits. A page without TLS has no `crypto.randomUUID`. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
