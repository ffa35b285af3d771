import { startNotBefore } from "../start-not-before.ts";

/** How work is done in groups. Times in milliseconds. */
export interface GroupRules<T> {
  /** Does the work of a group. Never rejects: it reports the result to each item. */
  readonly run: (group: readonly T[]) => Promise<void>;
  /** Items with the same key keep their order, and are never in two groups that run at the same time. */
  readonly orderKey: (item: T) => string;
  /** Items with the same key are never in one group, nor in groups that run at the same time. */
  readonly uniqueKey: (item: T) => string;
  readonly bytes: (item: T) => number;
  /** Reports that an item has waited too long, or that too many wait. */
  readonly refuse: (item: T, reason: string) => void;
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Maximum number of groups that run at the same time. */
  readonly maxGroups: number;
  /** Minimum time between the starts of two groups. An item that comes alone does not wait. */
  readonly intervalMs: number;
  /** A group that takes longer than this no longer keeps the next one from starting. */
  readonly slowAfterMs: number;
  /** Maximum number of items that wait. More are refused. */
  readonly maxWaiting: number;
  /** An item that waits longer than this is refused. */
  readonly maxWaitMs: number;
}

interface WaitingItem<T> {
  readonly item: T;
  /** By `performance.now`. */
  readonly since: number;
}

/**
 * Does work in groups. Items that arrive while a group runs, or within `intervalMs` of its start, become the next
 * group, so that groups grow with the load, and without load no item waits.
 */
export class GroupQueue<T> {
  readonly #rules: GroupRules<T>;
  #waiting: WaitingItem<T>[] = [];
  /** The `orderKey` and the `uniqueKey` of the items that run. */
  readonly #orderKeys = new Set<string>();
  readonly #uniqueKeys = new Set<string>();
  #running = 0;
  /** Number of groups that have run for longer than `slowAfterMs`. */
  #slowGroups = 0;
  #startsSoon = false;
  #lastStart = Number.NEGATIVE_INFINITY;
  #expiry: NodeJS.Timeout | undefined;

  constructor(rules: GroupRules<T>) {
    this.#rules = rules;
  }

  add(item: T): void {
    const { maxWaiting, refuse } = this.#rules;
    if (this.#waiting.length >= maxWaiting) return void refuse(item, `${maxWaiting} wait for the database already`);
    this.#waiting.push({ item, since: performance.now() });
    this.#startExpiryTimer();
    this.#startSoon();
  }

  #startSoon(): void {
    if (this.#startsSoon || this.#waiting.length === 0) return;
    this.#startsSoon = true;
    startNotBefore(this.#lastStart + this.#rules.intervalMs, () => {
      this.#startsSoon = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#running - this.#slowGroups < 1 && this.#running < this.#rules.maxGroups) {
      const group = this.#takeGroup();
      if (group.length === 0) return;
      this.#lastStart = performance.now();
      void this.#run(group);
    }
  }

  /** Takes the oldest items that may run now. */
  #takeGroup(): readonly T[] {
    const { orderKey, uniqueKey, bytes, maxItems, maxBytes } = this.#rules;
    const group: T[] = [];
    const taken = new Set<string>();
    const skipped = new Set<string>();
    const left: WaitingItem<T>[] = [];
    let size = 0;
    for (const [index, one] of this.#waiting.entries()) {
      if (group.length === maxItems || size >= maxBytes) {
        left.push(...this.#waiting.slice(index));
        break;
      }
      const key = orderKey(one.item);
      const single = uniqueKey(one.item);
      if (this.#orderKeys.has(key) || skipped.has(key) || this.#uniqueKeys.has(single) || taken.has(single)) {
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
    const { run, orderKey, uniqueKey, slowAfterMs } = this.#rules;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.#slowGroups += 1;
      this.#startSoon();
    }, slowAfterMs).unref();
    this.#running += 1;
    for (const item of group) {
      this.#orderKeys.add(orderKey(item));
      this.#uniqueKeys.add(uniqueKey(item));
    }
    await run(group);
    clearTimeout(timer);
    this.#running -= 1;
    if (isSlow) this.#slowGroups -= 1;
    for (const item of group) {
      this.#orderKeys.delete(orderKey(item));
      this.#uniqueKeys.delete(uniqueKey(item));
    }
    this.#startSoon();
  }

  /** Refuses the items that have waited for too long. */
  #expire(): void {
    const { maxWaitMs, refuse } = this.#rules;
    this.#expiry = undefined;
    const before = performance.now() - maxWaitMs;
    const fresh = this.#waiting.findIndex(({ since }) => since > before);
    const late = this.#waiting.splice(0, fresh < 0 ? this.#waiting.length : fresh);
    for (const { item } of late) refuse(item, `the database has not taken it within ${maxWaitMs} ms`);
    this.#startExpiryTimer();
  }

  /** Starts a timer for the moment at which the oldest item has waited for too long. */
  #startExpiryTimer(): void {
    const [oldest] = this.#waiting;
    if (this.#expiry || !oldest) return;
    this.#expiry = setTimeout(() => this.#expire(), oldest.since + this.#rules.maxWaitMs - performance.now());
    this.#expiry.unref();
  }
}
