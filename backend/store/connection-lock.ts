/** Gives the connection to one caller at a time, in the order of the calls of `acquire`. */
export class ConnectionLock {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /**
   * Resolves when the caller has the connection; undefined where it has it at once. The caller has to call `release`.
   */
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
   * Runs synchronous work with the connection: at once when it is free, else when earlier callers have released it. The
   * work must not throw.
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
