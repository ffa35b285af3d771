interface Window {
  uses: number;
  /** When it ends, by the clock of the counter. */
  readonly end: number;
}

/**
 * Keys that one limit remembers; beyond it the one whose window began first is forgotten. An attacker with so many
 * networks is not stopped by limits for an address, but must not fill the memory either.
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
   * Counts one use; returns the seconds to wait, 1 at least, when it was one too many. `now` is the time by the
   * counter's clock, where the caller knows it.
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
