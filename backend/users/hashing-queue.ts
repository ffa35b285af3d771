/** Thrown when the queue is full: the caller responds with 503 and Retry-After. */
export class QueueFull extends Error {
  override name = "QueueFull";
  /** Whole seconds after which a new try makes sense. */
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super("too many passwords are being hashed");
    this.retryAfter = retryAfter;
  }
}

export interface HashingQueue {
  /** Runs the work when fewer than `maxRunning` run. Throws `QueueFull` at once when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Number of calls that wait to run. */
  readonly waiting: number;
  /** Throws `QueueFull` when `run` would. */
  assertNotFull(): void;
}

/**
 * Limits work that keeps a core busy: at most `maxRunning` run and at most `maxWaiting` wait. More are refused at once,
 * so that a flood of sign-ins takes neither memory nor the other endpoints' time.
 */
export function createHashingQueue(options: {
  maxRunning: number;
  maxWaiting: number;
  retryAfter?: number;
}): HashingQueue {
  const { maxRunning, maxWaiting, retryAfter = 2 } = options;
  const queue: (() => void)[] = [];
  let running = 0;
  const release = () => {
    const next = queue.shift();
    if (next) next();
    else running -= 1;
  };
  return {
    async run(work) {
      if (running < maxRunning) running += 1;
      else if (queue.length >= maxWaiting) throw new QueueFull(retryAfter);
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await work();
      } finally {
        release();
      }
    },
    get waiting() {
      return queue.length;
    },
    assertNotFull() {
      if (running >= maxRunning && queue.length >= maxWaiting) throw new QueueFull(retryAfter);
    },
  };
}
