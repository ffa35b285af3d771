import type { Duplex } from "node:stream";
import { KeyCounts } from "./key-counts.ts";
import type { CapTable } from "./table.ts";

/** The client that bytes are sent to. */
export interface UnsentReceiver {
  /** The client's network, as limits count by it. */
  readonly address: string;
  /** Absent for a client that is not signed in. */
  readonly user?: string | undefined;
}

interface UnsentEntry {
  readonly holders: readonly string[];
  bytes: number;
  /** Whether the bytes are what the connection itself holds, which changes while the client reads. */
  isMeasured: boolean;
  /** When bytes began to wait, in milliseconds of the clock. */
  readonly since: number;
}

/** Milliseconds between two checks of all connections. */
const SWEEP_INTERVAL_MS = 1_000;
/** Milliseconds between two checks while a limit is reached. */
const SWEEP_INTERVAL_AT_LIMIT_MS = 100;

/**
 * Limits the bytes that were written and that clients have not read. Bytes that the kernel takes at once are not
 * counted. Beyond a limit of a user, a network or the node, the connection whose bytes have waited longest is closed;
 * so is one whose bytes have waited for the whole `timeout`.
 */
export class UnsentBytes {
  readonly #caps: CapTable["unsentBytes"];
  readonly #timeout: number;
  readonly #clock: () => number;
  /** In the order in which they began to wait. */
  readonly #entries = new Map<Duplex, UnsentEntry>();
  readonly #held = new KeyCounts();
  #total = 0;
  #refused = 0;
  #timedOut = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `timeout` and `clock` in milliseconds. */
  constructor(caps: CapTable["unsentBytes"], timeout: number, clock: () => number = () => performance.now()) {
    this.#caps = caps;
    this.#timeout = timeout;
    this.#clock = clock;
  }

  /** Counts what waits in a connection's own buffer, after something was written to it. */
  measure(connection: Duplex, receiver: UnsentReceiver): void {
    this.#setBytes(this.#entryOf(connection, receiver), connection, connection.writableLength, true);
  }

  /**
   * Counts bytes that wait for a connection, in its own buffer or behind another response. `remove` takes them back.
   */
  add(connection: Duplex, receiver: UnsentReceiver, bytes: number): void {
    const entry = this.#entryOf(connection, receiver);
    const isFirst = entry.bytes === 0;
    this.#setBytes(entry, connection, entry.bytes + bytes, false);
    if (!isFirst && entry.bytes > this.#caps.connection) this.close(connection);
  }

  remove(connection: Duplex, bytes: number): void {
    const entry = this.#entries.get(connection);
    if (entry) this.#setBytes(entry, connection, Math.max(0, entry.bytes - bytes), false);
  }

  /** Bytes that wait now. */
  get used(): number {
    return this.#total;
  }

  /** Connections with bytes that wait. */
  get connections(): number {
    return this.#entries.size;
  }

  /** Connections that were closed because too much was waiting. */
  get refused(): number {
    return this.#refused;
  }

  /** Connections that were closed because something was waiting for too long. */
  get timedOut(): number {
    return this.#timedOut;
  }

  /** Closes a connection for which too much is waiting. */
  close(connection: Duplex): void {
    this.#refused += 1;
    this.#forget(connection);
    connection.destroy();
  }

  /** Counts again what waits, and closes what has waited too long. Called every second while anything waits. */
  sweep(): void {
    const now = this.#clock();
    this.#sweptAt = now;
    for (const [connection, entry] of this.#entries) {
      const bytes = entry.isMeasured ? connection.writableLength : entry.bytes;
      if (connection.destroyed || bytes === 0) this.#forget(connection);
      else if (now - entry.since >= this.#timeout) {
        this.#timedOut += 1;
        this.#forget(connection);
        connection.destroy();
      } else this.#countBytes(entry, bytes);
    }
  }

  #entryOf(connection: Duplex, { address, user }: UnsentReceiver): UnsentEntry {
    const known = this.#entries.get(connection);
    if (known) return known;
    const holders = user === undefined ? [`address ${address}`] : [`address ${address}`, `user ${user}`];
    const entry: UnsentEntry = { holders, bytes: 0, isMeasured: false, since: this.#clock() };
    this.#entries.set(connection, entry);
    this.#timer ??= setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    return entry;
  }

  #setBytes(entry: UnsentEntry, connection: Duplex, bytes: number, isMeasured: boolean): void {
    entry.isMeasured = isMeasured;
    this.#countBytes(entry, bytes);
    if (bytes === 0 || connection.destroyed) return void this.#forget(connection);
    if (!this.#isOverCap(entry.holders)) return;
    // clients may have read some of it since the last sweep
    if (this.#clock() - this.#sweptAt >= SWEEP_INTERVAL_AT_LIMIT_MS) this.sweep();
    while (this.#isOverCap(entry.holders)) {
      const [oldest, next] = this.#longestWaiting(entry.holders);
      // one response alone may be larger than a limit
      if (!oldest || (oldest === connection && !next)) return;
      this.close(oldest);
    }
  }

  #isOverCap(holders: readonly string[]): boolean {
    return this.#total > this.#caps.node || holders.some((holder) => this.#isFull(holder));
  }

  #isFull(holder: string): boolean {
    const cap = holder.startsWith("user ") ? this.#caps.user : this.#caps.address;
    return this.#held.of(holder) > cap;
  }

  /** The two connections that have waited longest: of the node where that is full, else of the holder that is. */
  #longestWaiting(holders: readonly string[]): readonly Duplex[] {
    const full = this.#total > this.#caps.node ? undefined : holders.find((holder) => this.#isFull(holder));
    const found: Duplex[] = [];
    for (const [connection, entry] of this.#entries) {
      if (full === undefined || entry.holders.includes(full)) found.push(connection);
      if (found.length === 2) break;
    }
    return found;
  }

  #countBytes(entry: UnsentEntry, bytes: number): void {
    const more = bytes - entry.bytes;
    entry.bytes = bytes;
    this.#total += more;
    for (const holder of entry.holders) this.#held.add(holder, more);
  }

  #forget(connection: Duplex): void {
    const entry = this.#entries.get(connection);
    if (!entry) return;
    this.#countBytes(entry, 0);
    this.#entries.delete(connection);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
