/** Milliseconds for which something is remembered: longer than verifying a token takes. */
const MEMORY = 60_000;

/**
 * What happened to sessions or users a moment ago: a token that was verified just before does not let its client in.
 */
export class Recent {
  /** When it happened to each of them, in the order of their time. */
  readonly #times = new Map<string, number>();

  /** It happens now. */
  add(key: string): void {
    const now = performance.now();
    for (const [known, at] of this.#times) {
      if (now - at <= MEMORY) break;
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
