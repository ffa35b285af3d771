/** Gives the connection to one caller at a time, in the order of their calls. */
export class Exclusive {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when the caller has it; undefined when that is so at once. The caller has to call `release`. */
  acquire(): Promise<void> | undefined {
    if (this.#isTaken) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    return undefined;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#isTaken = false;
  }

  /**
   * Runs work that does not wait: at once while the connection is free, else when its turn comes. The work must not
   * throw.
   */
  run(work: () => void): void {
    const runAndRelease = () => {
      try {
        work();
      } finally {
        this.release();
      }
    };
    const turn = this.acquire();
    if (turn) void turn.then(runAndRelease);
    else runAndRelease();
  }
}
