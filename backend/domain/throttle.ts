/** How failures slow down the next try: free ones, then a wait that doubles up to a limit. Times in milliseconds. */
export interface ThrottleRule {
  /** Failures without a wait. */
  readonly free: number;
  /** The first wait. */
  readonly first: number;
  /** The longest wait. */
  readonly longest: number;
}

export interface Throttle {
  /** Milliseconds until the key may try again; 0 when it may now. */
  waitFor(key: string): number;
  /** Counts a failure. Counted before the outcome is known, tries at the same time cannot slip through together. */
  failed(key: string): void;
  /** Takes one failure back: it was none. */
  undo(key: string): void;
  /** Forgets all failures. */
  clear(key: string): void;
}

/** Keys remembered; beyond it the one that failed longest ago goes. */
const KEYS = 50_000;

/** Counts failures per key in memory. A key is forgotten once nothing has failed for twice the longest wait. */
export function createThrottle(rule: ThrottleRule, clock: () => number): Throttle {
  const failures = new Map<string, { count: number; until: number; at: number }>();
  const known = (key: string) => {
    const found = failures.get(key);
    if (found && clock() - found.at > 2 * rule.longest) {
      failures.delete(key);
      return undefined;
    }
    return found;
  };
  return {
    waitFor(key) {
      return Math.max(0, (known(key)?.until ?? 0) - clock());
    },
    failed(key) {
      const count = (known(key)?.count ?? 0) + 1;
      const beyond = count - rule.free;
      const wait = beyond > 0 ? Math.min(rule.longest, rule.first * 2 ** Math.min(beyond - 1, 30)) : 0;
      failures.delete(key);
      const [oldest] = failures.size >= KEYS ? failures.keys() : [];
      if (oldest !== undefined) failures.delete(oldest);
      failures.set(key, { count, until: clock() + wait, at: clock() });
    },
    undo(key) {
      const found = known(key);
      if (found && found.count > 1) failures.set(key, { ...found, count: found.count - 1, until: clock() });
      else failures.delete(key);
    },
    clear(key) {
      failures.delete(key);
    },
  };
}
