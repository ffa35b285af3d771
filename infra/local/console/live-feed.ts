import type { ServerResponse } from "node:http";
import type { ListedExchange, LiveMessage } from "./console-data.ts";
import { type ExchangeFilter, type KeptExchange, passes } from "./exchange-store.ts";

/** Milliseconds for which exchanges are collected into one message. */
const INTERVAL_MS = 100;
/** A message without exchanges is sent after this many intervals without another one. */
const IDLE_INTERVALS = 100;
/** Intervals after which a reader that reads nothing is disconnected. */
const STUCK_INTERVALS = 300;
/** Exchanges that wait for a reader; the oldest are left out. */
const MAX_WAITING = 200;
/** Readers at once. */
const MAX_READERS = 16;

interface LiveReader {
  readonly response: ServerResponse;
  readonly filter: ExchangeFilter;
  waiting: KeptExchange[];
  skipped: number;
  /** Intervals since the last message was sent. */
  idle: number;
}

/**
 * Sends exchanges to readers as they are recorded. What waits for a reader is bounded; a reader that stops reading is
 * disconnected.
 */
export class LiveFeed {
  readonly #readers = new Set<LiveReader>();
  readonly #listed: (kept: KeptExchange) => ListedExchange;
  #timer: NodeJS.Timeout | undefined;

  constructor(listed: (kept: KeptExchange) => ListedExchange) {
    this.#listed = listed;
  }

  /** Whether there are as many readers as there may be. */
  get isFull(): boolean {
    return this.#readers.size >= MAX_READERS;
  }

  /** Adds a reader, whose response has begun. */
  add(response: ServerResponse, filter: ExchangeFilter): void {
    const reader: LiveReader = { response, filter, waiting: [], skipped: 0, idle: 0 };
    this.#readers.add(reader);
    response.once("close", () => this.#remove(reader));
    this.#timer ??= setInterval(() => this.#send(), INTERVAL_MS).unref();
  }

  /** Takes an exchange that was recorded. */
  publish(kept: KeptExchange): void {
    for (const reader of this.#readers) {
      if (!passes(kept, reader.filter)) continue;
      reader.waiting.push(kept);
      if (reader.waiting.length <= MAX_WAITING) continue;
      reader.waiting.shift();
      reader.skipped += 1;
    }
  }

  /** Sends what waits to the readers that have read what was sent before. */
  #send(): void {
    for (const reader of this.#readers) {
      const { response, waiting } = reader;
      reader.idle += 1;
      if (response.writableNeedDrain) {
        if (reader.idle > STUCK_INTERVALS) response.destroy();
        continue;
      }
      if (waiting.length === 0 && reader.idle < IDLE_INTERVALS) continue;
      const message: LiveMessage = { exchanges: waiting.map(this.#listed), skipped: reader.skipped };
      reader.waiting = [];
      reader.skipped = 0;
      reader.idle = 0;
      response.write(`${JSON.stringify(message)}\n`);
    }
  }

  /** Disconnects all readers. */
  close(): void {
    for (const { response } of this.#readers) response.destroy();
  }

  #remove(reader: LiveReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
