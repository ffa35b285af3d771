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
 * item waits without load. Returns a function that adds an item.
 */
export function inGroups<T>(rules: GroupRules<T>): (item: T) => void {
  const { run, line, once, bytes, refuse, mostItems, mostBytes, mostGroups, patience } = rules;
  let waiting: Waiting<T>[] = [];
  const lines = new Set<string>();
  const singles = new Set<string>();
  let running = 0;
  /** Groups that have run for longer than `patience`. */
  let slow = 0;
  let isPlanned = false;
  let expiry: NodeJS.Timeout | undefined;

  /** Starts in the next turn of the event loop: the poll phase first reads what else has arrived. */
  function plan(): void {
    if (isPlanned || waiting.length === 0) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      start();
    });
  }

  function start(): void {
    while (running - slow < 1 && running < mostGroups) {
      const group = take();
      if (group.length === 0) return;
      void runGroup(group);
    }
  }

  /** Takes the oldest items that may run now. */
  function take(): readonly T[] {
    const group: T[] = [];
    const own = new Set<string>();
    const held = new Set<string>();
    const left: Waiting<T>[] = [];
    let size = 0;
    for (const [place, one] of waiting.entries()) {
      if (group.length === mostItems || size >= mostBytes) {
        left.push(...waiting.slice(place));
        break;
      }
      const key = line(one.item);
      if (lines.has(key) || held.has(key) || singles.has(once(one.item)) || own.has(once(one.item))) {
        held.add(key);
        left.push(one);
        continue;
      }
      own.add(once(one.item));
      group.push(one.item);
      size += bytes(one.item);
    }
    waiting = left;
    return group;
  }

  async function runGroup(group: readonly T[]): Promise<void> {
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      slow += 1;
      plan();
    }, patience).unref();
    running += 1;
    for (const item of group) {
      lines.add(line(item));
      singles.add(once(item));
    }
    await run(group);
    clearTimeout(timer);
    running -= 1;
    if (isSlow) slow -= 1;
    for (const item of group) {
      lines.delete(line(item));
      singles.delete(once(item));
    }
    plan();
  }

  function expire(): void {
    expiry = undefined;
    const before = performance.now() - rules.longestWait;
    const fresh = waiting.findIndex(({ since }) => since > before);
    const late = waiting.splice(0, fresh < 0 ? waiting.length : fresh);
    for (const { item } of late) refuse(item, `the database has not taken it within ${rules.longestWait} ms`);
    watch();
  }

  /** Waits until the oldest item has waited for too long. */
  function watch(): void {
    const [oldest] = waiting;
    if (expiry || !oldest) return;
    expiry = setTimeout(expire, oldest.since + rules.longestWait - performance.now());
    expiry.unref();
  }

  return (item) => {
    if (waiting.length >= rules.mostWaiting) return refuse(item, `${rules.mostWaiting} wait for the database already`);
    waiting.push({ item, since: performance.now() });
    watch();
    plan();
  };
}
