interface Window {
  uses: number;
  /** When it ends, by the clock of the counter. */
  readonly end: number;
}

/**
 * Maximum number of keys of one limit; beyond it the key whose window began first is forgotten. Limits for an address
 * do not stop an attacker with so many networks, but the attacker must not fill the memory.
 */
export const MAX_KEYS = 50_000;

/** How many uses a key may have within so many seconds of the first one. */
export interface UseLimit {
  readonly requests: number;
  readonly seconds: number;
}

/** Counts uses by key, in the memory of this node. */
export class UseCounter {
  readonly #limit: UseLimit;
  readonly #clock: () => number;
  /** In the order in which they began, which is the order in which they end. */
  readonly #windows = new Map<string, Window>();

  /** `clock` in milliseconds; it never goes back. */
  constructor(limit: UseLimit, clock: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /**
   * Counts one use. Returns the seconds to wait, at least 1, when it was one too many. `now` is the time of the
   * counter's clock, where the caller has it already.
   */
  take(key: string, now: number = this.#clock()): number | undefined {
    const window = this.#windows.get(key);
    if (window === undefined || window.end <= now) {
      this.#begin(key, now);
      return this.#limit.requests < 1 ? this.#limit.seconds : undefined;
    }
    window.uses += 1;
    return window.uses > this.#limit.requests ? Math.max(1, (window.end - now) / 1000) : undefined;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  #begin(key: string, now: number): void {
    this.#windows.delete(key);
    for (const [known, { end }] of this.#windows) {
      if (end > now && this.#windows.size < MAX_KEYS) break;
      this.#windows.delete(known);
    }
    this.#windows.set(key, { uses: 1, end: now + this.#limit.seconds * 1000 });
  }
}
