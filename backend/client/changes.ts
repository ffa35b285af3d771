/** Waits for conditions that can become true with every change of the client's state. */
export class Changes {
  readonly #checks = new Set<() => void>();

  /** Checks all conditions that are waited for. To be called after every change. */
  check(): void {
    for (const check of [...this.#checks]) check();
  }

  /** Resolves when `condition` is true, now or after a change. Rejects with what it throws. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        try {
          if (!condition()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#checks.delete(check);
      };
      this.#checks.add(check);
      check();
    });
  }
}
