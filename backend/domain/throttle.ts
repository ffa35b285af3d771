/** How failures slow down the next try: free ones, then a wait that doubles up to a limit. Times in milliseconds. */
export interface ThrottleRule {
  /** Failures without a wait. */
  readonly free: number;
  /** The first wait. */
  readonly first: number;
  /** The longest wait. */
  readonly longest: number;
  /** A key is forgotten when nothing has failed for so long; twice the longest wait when left out. */
  readonly memory?: number;
}

export interface Throttle {
  /** Milliseconds until the key may try again; 0 when it may now. */
  waitFor(key: string): number;
  /** From when on the key may try, in milliseconds since 1970; 0 when nothing is known of it. */
  opensAt(key: string): number;
  /** Counts a failure. Counted before the outcome is known, tries at the same time cannot slip through together. */
  failed(key: string): void;
  /** Takes one failure back: it was none. */
  undo(key: string): void;
  /** Forgets all failures. */
  clear(key: string): void;
}

/** Keys remembered; beyond it the one that failed longest ago goes. */
const KEYS = 50_000;

/** Counts failures for each key, in memory. */
export function createThrottle(rule: ThrottleRule, clock: () => number): Throttle {
  const memory = rule.memory ?? 2 * rule.longest;
  const failures = new Map<string, { count: number; until: number; at: number }>();
  const known = (key: string) => {
    const found = failures.get(key);
    if (found && clock() - found.at > memory) {
      failures.delete(key);
      return undefined;
    }
    return found;
  };
  return {
    waitFor(key) {
      return Math.max(0, (known(key)?.until ?? 0) - clock());
    },
    opensAt: (key) => known(key)?.until ?? 0,
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
