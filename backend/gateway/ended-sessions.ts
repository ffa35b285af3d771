/** Milliseconds for which the end of a session is remembered: longer than verifying a token takes. */
const MEMORY = 60_000;

/** The sessions that ended a moment ago: a token that was verified just before does not let its client in. */
export class EndedSessions {
  /** When each of them ended, in the order of their time. */
  readonly #ended = new Map<string, number>();

  add(sid: string): void {
    const now = performance.now();
    for (const [known, at] of this.#ended) {
      if (now - at <= MEMORY) break;
      this.#ended.delete(known);
    }
    this.#ended.delete(sid);
    this.#ended.set(sid, now);
  }

  has(sid: string): boolean {
    return this.#ended.has(sid);
  }
}
