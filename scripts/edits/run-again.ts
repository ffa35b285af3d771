/** Runs a task that must not run twice at once. */
export interface RunAgain {
  /** Runs the task now; where it is running, once more after that. */
  request(): void;
  /** Runs it no more, and resolves when it is not running. */
  close(): Promise<void>;
}

/** `task` must not reject. */
export function runAgain(task: () => Promise<void>): RunAgain {
  let isRequested = false;
  let isClosed = false;
  let running: Promise<void> | undefined;
  const run = async () => {
    while (isRequested && !isClosed) {
      isRequested = false;
      await task();
    }
    running = undefined;
  };
  return {
    request() {
      isRequested = true;
      running ??= run();
    },
    async close() {
      isClosed = true;
      await running;
    },
  };
}
