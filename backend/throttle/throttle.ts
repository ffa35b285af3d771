import type { Turns } from "./turns.ts";

/** How failures delay the next try: some have no wait, then the wait doubles with each failure, up to a maximum. */
export interface ThrottleRule {
  /** Number of failures without a wait. */
  readonly freeTries: number;
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** A key without a failure for this time is forgotten; twice `maxWaitMs` when left out. */
  readonly memoryMs?: number;
}

/** What is remembered of one key. Times in milliseconds since 1970. */
export interface ThrottleState {
  /** Number of failures, or of uses within a time window (`withUse`). */
  readonly count: number;
  /** When the wait ends, or the time window. */
  readonly until: number;
  /** When the last failure was, or the first use. */
  readonly at: number;
  /** From this time on the state may be removed. */
  readonly expiresAt: number;
  /** Which network may make the next try; undefined where networks do not take turns. */
  readonly turns?: Turns | undefined;
}

/** Reads and changes what is remembered of the keys that `Throttles.change` was given. */
export interface ThrottleStates {
  get(key: string): ThrottleState | undefined;
  /** Undefined forgets the key. */
  set(key: string, state: ThrottleState | undefined): void;
}

/** The memory of all throttles: of one node, or shared by all nodes. */
export interface Throttles {
  /** Whether other nodes count in it too. */
  readonly isShared: boolean;
  /** The key of something that is counted. In shared memory it is a keyed hash, which does not reveal the parts. */
  keyOf(kind: string, ...parts: readonly string[]): string;
  /**
   * Runs `decide`, which may read and change the states of these keys and must do nothing else. No node changes them
   * meanwhile. Rejects with a `DatabaseAway` when the shared memory cannot be reached: then no try is allowed.
   */
  change<T>(keys: readonly string[], decide: (states: ThrottleStates) => T): Promise<T>;
  /** Removes states that have expired. */
  prune(now: number): Promise<void>;
}

/** Milliseconds until the next try is allowed; 0 when it is allowed now. */
export function waitFor(state: ThrottleState | undefined, rule: ThrottleRule, now: number): number {
  return Math.max(0, nextTryAt(state, rule, now) - now);
}

/** When the next try is allowed, in milliseconds since 1970; 0 when nothing is remembered. */
export function nextTryAt(state: ThrottleState | undefined, rule: ThrottleRule, now: number): number {
  return unlessForgotten(state, rule, now)?.until ?? 0;
}

/**
 * The state after one more failure. A try is counted as one before its outcome is known, so that many tries at the same
 * time do not all pass.
 */
export function withFailure(state: ThrottleState | undefined, rule: ThrottleRule, now: number): ThrottleState {
  const count = (unlessForgotten(state, rule, now)?.count ?? 0) + 1;
  const delayed = count - rule.freeTries;
  const wait = delayed > 0 ? Math.min(rule.maxWaitMs, rule.firstWaitMs * 2 ** Math.min(delayed - 1, 30)) : 0;
  return { count, until: now + wait, at: now, expiresAt: now + memoryMsOf(rule) };
}

/** The state without its last failure, and without a wait: the try was counted as a failure, and was none. */
export function withoutFailure(
  state: ThrottleState | undefined,
  rule: ThrottleRule,
  now: number,
): ThrottleState | undefined {
  const known = unlessForgotten(state, rule, now);
  return known && known.count > 1 ? { ...known, count: known.count - 1, until: now } : undefined;
}

/**
 * The state after one more use, where `requests` uses are allowed in `seconds`. Undefined when there were so many: the
 * next use is allowed at `state.until`.
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

const memoryMsOf = (rule: ThrottleRule): number => rule.memoryMs ?? 2 * rule.maxWaitMs;

function unlessForgotten(state: ThrottleState | undefined, rule: ThrottleRule, now: number): ThrottleState | undefined {
  return state && now - state.at <= memoryMsOf(rule) ? state : undefined;
}

/** Limits tries of one kind. Each of them counts as a failure. */
export interface Throttle {
  /** Counts a try and returns 0. When it has to wait, counts nothing and returns the milliseconds to wait. */
  countTry(key: string): Promise<number>;
}

/** @param clock milliseconds since 1970 */
export function createThrottle(throttles: Throttles, kind: string, rule: ThrottleRule, clock: () => number): Throttle {
  return {
    countTry(key) {
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
