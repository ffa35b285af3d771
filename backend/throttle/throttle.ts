import type { Turns } from "./turns.ts";

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

/** What is remembered of one key. Times in milliseconds since 1970. */
export interface ThrottleState {
  /** Failures, or uses within a window. */
  readonly count: number;
  /** When the wait ends, or the window. */
  readonly until: number;
  /** The last failure. */
  readonly at: number;
  /** From this time on the state may be removed. */
  readonly expiresAt: number;
  /** Whose turn the next try is. */
  readonly turns?: Turns | undefined;
}

/** Reads and changes what is remembered of the keys that `Throttles.change` was given. */
export interface ThrottleStates {
  get(key: string): ThrottleState | undefined;
  /** Forgets the key where the state is left out. */
  set(key: string, state: ThrottleState | undefined): void;
}

/** The memory of all throttles: of one node, or shared by all nodes. */
export interface Throttles {
  /** Whether other nodes count in it too. */
  readonly isShared: boolean;
  /** The key of something that is counted. Where the memory is shared, it does not show the parts. */
  keyOf(kind: string, ...parts: readonly string[]): string;
  /**
   * Runs `decide`, which may read and change the states of these keys and does nothing else. No other change of them
   * happens meanwhile, on any node. Rejects with a `DatabaseAway` when the shared memory cannot be reached: then
   * nothing is allowed.
   */
  change<T>(keys: readonly string[], decide: (states: ThrottleStates) => T): Promise<T>;
  /** Removes states that have expired. */
  prune(now: number): Promise<void>;
}

/** Milliseconds until the next try; 0 when it may happen now. */
export function waitFor(state: ThrottleState | undefined, rule: ThrottleRule, now: number): number {
  return Math.max(0, opensAt(state, rule, now) - now);
}

/** When the next try may happen, in milliseconds since 1970; 0 when nothing is remembered. */
export function opensAt(state: ThrottleState | undefined, rule: ThrottleRule, now: number): number {
  return remembered(state, rule, now)?.until ?? 0;
}

/** One failure more. Counted before the outcome is known, tries at the same time cannot slip through together. */
export function withFailure(state: ThrottleState | undefined, rule: ThrottleRule, now: number): ThrottleState {
  const count = (remembered(state, rule, now)?.count ?? 0) + 1;
  const beyond = count - rule.free;
  const wait = beyond > 0 ? Math.min(rule.longest, rule.first * 2 ** Math.min(beyond - 1, 30)) : 0;
  return { count, until: now + wait, at: now, expiresAt: now + memoryOf(rule) };
}

/** One failure less, and no wait. */
export function withoutFailure(
  state: ThrottleState | undefined,
  rule: ThrottleRule,
  now: number,
): ThrottleState | undefined {
  const known = remembered(state, rule, now);
  return known && known.count > 1 ? { ...known, count: known.count - 1, until: now } : undefined;
}

/**
 * One use more of `requests` in `seconds`. Undefined when they are used up: then `state.until` is when to try again.
 */
export function withUse(
  state: ThrottleState | undefined,
  { requests, seconds }: { readonly requests: number; readonly seconds: number },
  now: number,
): ThrottleState | undefined {
  const end = now + seconds * 1000;
  if (!state || state.until <= now) return { count: 1, until: end, at: now, expiresAt: end };
  return state.count < requests ? { ...state, count: state.count + 1 } : undefined;
}

const memoryOf = (rule: ThrottleRule): number => rule.memory ?? 2 * rule.longest;

function remembered(state: ThrottleState | undefined, rule: ThrottleRule, now: number): ThrottleState | undefined {
  return state && now - state.at <= memoryOf(rule) ? state : undefined;
}

/** Tries of one kind, each counted as a failure. */
export interface Throttle {
  /** Counts a try and returns 0. When it has to wait, counts nothing and returns the milliseconds to wait. */
  take(key: string): Promise<number>;
}

/** @param clock milliseconds since 1970 */
export function createThrottle(throttles: Throttles, kind: string, rule: ThrottleRule, clock: () => number): Throttle {
  return {
    take(key) {
      const name = throttles.keyOf(kind, key);
      return throttles.change([name], (states) => {
        const now = clock();
        const state = states.get(name);
        const wait = waitFor(state, rule, now);
        if (wait === 0) states.set(name, withFailure(state, rule, now));
        return wait;
      });
    },
  };
}
