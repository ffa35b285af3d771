/** How work is done in groups. Times in milliseconds. */
export interface GroupRules<T> {
  /** Does the work of a group. Never rejects: it reports the result to each item. */
  readonly run: (group: readonly T[]) => Promise<void>;
  /** Items with the same key keep their order, and are never in two groups that run at the same time. */
  readonly line: (item: T) => string;
  /** Items with the same key are never in one group, nor in groups that run at the same time. */
  readonly once: (item: T) => string;
  readonly bytes: (item: T) => number;
  /** Reports that an item has waited too long, or that too many wait. */
  readonly refuse: (item: T, reason: string) => void;
  readonly mostItems: number;
  readonly mostBytes: number;
  /** Maximum number of groups that run at the same time. */
  readonly mostGroups: number;
  /** A group that takes longer than this no longer keeps the next one from starting. */
  readonly patience: number;
  /** Maximum number of items that wait. More are refused. */
  readonly mostWaiting: number;
  /** An item that waits longer than this is refused. */
  readonly longestWait: number;
}

interface Waiting<T> {
  readonly item: T;
  /** By `performance.now`. */
  readonly since: number;
}

/**
 * Does work in groups. Items that arrive while a group runs become the next group, so that groups grow with the load,
 * and without load no item waits.
 */
export class GroupQueue<T> {
  readonly #rules: GroupRules<T>;
  #waiting: Waiting<T>[] = [];
  /** The `orderKey` and the `uniqueKey` of the items that run. */
  readonly #lines = new Set<string>();
  readonly #singles = new Set<string>();
  #running = 0;
  /** Number of groups that have run for longer than `slowAfter`. */
  #slow = 0;
  #isPlanned = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(rules: GroupRules<T>) {
    this.#rules = rules;
  }

  add(item: T): void {
    const { mostWaiting, refuse } = this.#rules;
    if (this.#waiting.length >= mostWaiting) return void refuse(item, `${mostWaiting} wait for the database already`);
    this.#waiting.push({ item, since: performance.now() });
    this.#watch();
    this.#plan();
  }

  /** Starts in the next turn of the event loop: the poll phase first reads what else has arrived. */
  #plan(): void {
    if (this.#isPlanned || this.#waiting.length === 0) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#running - this.#slow < 1 && this.#running < this.#rules.mostGroups) {
      const group = this.#take();
      if (group.length === 0) return;
      void this.#run(group);
    }
  }

  /** Takes the oldest items that may run now. */
  #take(): readonly T[] {
    const { line, once, bytes, mostItems, mostBytes } = this.#rules;
    const group: T[] = [];
    const taken = new Set<string>();
    const skipped = new Set<string>();
    const left: Waiting<T>[] = [];
    let size = 0;
    for (const [index, one] of this.#waiting.entries()) {
      if (group.length === mostItems || size >= mostBytes) {
        left.push(...this.#waiting.slice(index));
        break;
      }
      const key = line(one.item);
      const single = once(one.item);
      if (this.#lines.has(key) || skipped.has(key) || this.#singles.has(single) || taken.has(single)) {
        skipped.add(key);
        left.push(one);
        continue;
      }
      taken.add(single);
      group.push(one.item);
      size += bytes(one.item);
    }
    this.#waiting = left;
    return group;
  }

  async #run(group: readonly T[]): Promise<void> {
    const { run, line, once, patience } = this.#rules;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.#slow += 1;
      this.#plan();
    }, patience).unref();
    this.#running += 1;
    for (const item of group) {
      this.#lines.add(line(item));
      this.#singles.add(once(item));
    }
    await run(group);
    clearTimeout(timer);
    this.#running -= 1;
    if (isSlow) this.#slow -= 1;
    for (const item of group) {
      this.#lines.delete(line(item));
      this.#singles.delete(once(item));
    }
    this.#plan();
  }

  /** Refuses the items that have waited for too long. */
  #expire(): void {
    const { longestWait, refuse } = this.#rules;
    this.#expiry = undefined;
    const before = performance.now() - longestWait;
    const fresh = this.#waiting.findIndex(({ since }) => since > before);
    const late = this.#waiting.splice(0, fresh < 0 ? this.#waiting.length : fresh);
    for (const { item } of late) refuse(item, `the database has not taken it within ${longestWait} ms`);
    this.#watch();
  }

  /** Starts a timer for the moment at which the oldest item has waited for too long. */
  #watch(): void {
    const [oldest] = this.#waiting;
    if (this.#expiry || !oldest) return;
    this.#expiry = setTimeout(() => this.#expire(), oldest.since + this.#rules.longestWait - performance.now());
    this.#expiry.unref();
  }
}
