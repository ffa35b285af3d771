/** How work is done in groups. Times in milliseconds. */
export interface GroupRules<T> {
  /** Does the work of a group. Never rejects: it reports to each item by itself. */
  readonly run: (group: readonly T[]) => Promise<void>;
  /** What no two groups that run at the same time may share. Items with a common `line` keep their order. */
  readonly line: (item: T) => string;
  /** What no two items of a group, nor of groups that run at the same time, may share. */
  readonly once: (item: T) => string;
  readonly bytes: (item: T) => number;
  /** Reports that an item has waited too long, or that too many wait. */
  readonly refuse: (item: T, reason: string) => void;
  readonly mostItems: number;
  readonly mostBytes: number;
  /** Groups that run at the same time, at most. */
  readonly mostGroups: number;
  /** A group that takes longer does not keep the next one from starting. */
  readonly patience: number;
  /** Items that wait, at most, and for how long. */
  readonly mostWaiting: number;
  readonly longestWait: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly since: number;
}

/**
 * Does work in groups: items that arrive while a group runs are the next one, so that groups grow with the load and no
 * item waits without load.
 */
export class GroupQueue<T> {
  readonly #rules: GroupRules<T>;
  #waiting: Waiting<T>[] = [];
  /** The `line` and the `once` of the items that run. */
  readonly #lines = new Set<string>();
  readonly #singles = new Set<string>();
  #running = 0;
  /** Groups that have run for longer than `patience`. */
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
    const own = new Set<string>();
    const held = new Set<string>();
    const left: Waiting<T>[] = [];
    let size = 0;
    for (const [place, one] of this.#waiting.entries()) {
      if (group.length === mostItems || size >= mostBytes) {
        left.push(...this.#waiting.slice(place));
        break;
      }
      const key = line(one.item);
      const single = once(one.item);
      if (this.#lines.has(key) || held.has(key) || this.#singles.has(single) || own.has(single)) {
        held.add(key);
        left.push(one);
        continue;
      }
      own.add(single);
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

  /** Waits until the oldest item has waited for too long. */
  #watch(): void {
    const [oldest] = this.#waiting;
    if (this.#expiry || !oldest) return;
    this.#expiry = setTimeout(() => this.#expire(), oldest.since + this.#rules.longestWait - performance.now());
    this.#expiry.unref();
  }
}
