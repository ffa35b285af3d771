/** Milliseconds for which a key is remembered: longer than verifying a token takes. */
const MEMORY_MS = 60_000;

/** Keys to which something happened within the last minute, and when. */
export class Recent {
  /** By key, in the order of their time. */
  readonly #times = new Map<string, number>();

  /** It happens now. */
  add(key: string): void {
    const now = performance.now();
    for (const [known, at] of this.#times) {
      if (now - at <= MEMORY_MS) break;
      this.#times.delete(known);
    }
    this.#times.delete(key);
    this.#times.set(key, now);
  }

  /** Whether it happened at or after a time of `performance.now`; at any time when left out. */
  has(key: string, since = Number.NEGATIVE_INFINITY): boolean {
    const at = this.#times.get(key);
    return at !== undefined && at >= since;
  }
}
