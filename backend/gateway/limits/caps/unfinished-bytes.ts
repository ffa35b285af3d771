/** A message that has begun and not ended. */
interface Unfinished {
  /** Identifies the message; another object for each. */
  readonly message: object;
  bytes: number;
  readonly close: () => void;
}

/**
 * Limits the bytes of WebSocket messages that have begun and not ended, with a session or without, for the node. Beyond
 * the limit the connection is closed whose message began first: an honest client needs milliseconds for a message, an
 * attacker keeps the memory.
 */
export class UnfinishedBytes {
  readonly #maxBytes: number;
  /** In the order in which the messages began. */
  readonly #unfinished = new Map<object, Unfinished>();
  #used = 0;
  #refused = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Counts what a connection holds of a message; `message` undefined where none has begun. `close` closes it. */
  set(connection: object, message: object | undefined, bytes: number, close: () => void): void {
    const known = this.#unfinished.get(connection);
    if (message === undefined) {
      if (known !== undefined) this.remove(connection);
      return;
    }
    if (known?.message === message) {
      this.#used += bytes - known.bytes;
      known.bytes = bytes;
    } else {
      this.remove(connection);
      this.#unfinished.set(connection, { message, bytes, close });
      this.#used += bytes;
    }
    while (this.#used > this.#maxBytes) this.#closeOldest();
  }

  /** The connection is closed, or its message has ended. */
  remove(connection: object): void {
    this.#used -= this.#unfinished.get(connection)?.bytes ?? 0;
    this.#unfinished.delete(connection);
  }

  /** Bytes that are held now. */
  get used(): number {
    return this.#used;
  }

  /** Connections that were closed. */
  get refused(): number {
    return this.#refused;
  }

  #closeOldest(): void {
    const [oldest] = this.#unfinished;
    if (!oldest) return;
    const [connection, { close }] = oldest;
    this.#refused += 1;
    this.remove(connection);
    close();
  }
}
