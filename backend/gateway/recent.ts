/** Milliseconds for which a key is remembered: longer than verifying a token or a call takes. */
const REMEMBERED_MS = 60_000;

/** Remembers for a minute when something happened to a key, for example when a session ended. */
export class RecentKeys {
  /** Times of `performance.now` by key, the oldest first. */
  readonly #times = new Map<string, number>();

  /** Records that it happens now. */
  add(key: string): void {
    const now = performance.now();
    for (const [known, at] of this.#times) {
      if (now - at <= REMEMBERED_MS) break;
      this.#times.delete(known);
    }
    this.#times.delete(key);
    this.#times.set(key, now);
  }

  /** Whether it happened at or after `since`, a time of `performance.now`. */
  has(key: string, since = Number.NEGATIVE_INFINITY): boolean {
    const at = this.#times.get(key);
    return at !== undefined && at >= since;
  }
}
