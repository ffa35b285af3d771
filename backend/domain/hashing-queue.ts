/** Thrown when the queue is full: the caller answers 503 with Retry-After. */
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
  /** Runs the work when a lane is free. Throws `QueueFull` at once when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
  readonly waiting: number;
  /** Throws `QueueFull` when work that came now could not wait. */
  expectRoom(): void;
}

/**
 * Admission control for work that eats a core: at most `lanes` run, at most `room` wait, the rest is refused at once, so that a flood
 * of logins costs neither memory nor the other endpoints' time.
 */
export function createHashingQueue(options: { lanes: number; room: number; retryAfter?: number }): HashingQueue {
  const { lanes, room, retryAfter = 2 } = options;
  const queue: (() => void)[] = [];
  let running = 0;
  const release = () => {
    const next = queue.shift();
    if (next) next();
    else running -= 1;
  };
  return {
    async run(work) {
      if (running < lanes) running += 1;
      else if (queue.length >= room) throw new QueueFull(retryAfter);
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
    expectRoom() {
      if (running >= lanes && queue.length >= room) throw new QueueFull(retryAfter);
    },
  };
}
