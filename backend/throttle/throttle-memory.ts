import type { ThrottleState, Throttles } from "./throttle.ts";

/** Maximum number of keys that are remembered. */
export const MAX_KEYS = 200_000;
/** Number of keys among which `forgetOne` chooses. */
const CANDIDATES = 8;

/**
 * Keeps the states of throttles in the memory of one node. A restart forgets them, which only the operator can cause;
 * to store each try would let an attacker cause a write to the disk with each request.
 *
 * When the memory is full, it forgets one of the keys that were changed longest ago, the one with the fewest failures.
 * An attacker who wants it to forget a key that has to wait has to fail as often with many other keys.
 */
export function memoryThrottles(): Throttles {
  const states = new Map<string, ThrottleState>();

  function forgetOne(): void {
    let chosen: string | undefined;
    let seen = 0;
    for (const [key, { count }] of states) {
      if (chosen === undefined || count < (states.get(chosen)?.count ?? 0)) chosen = key;
      if (++seen === CANDIDATES) break;
    }
    if (chosen !== undefined) states.delete(chosen);
  }

  const access = {
    get: (key: string) => states.get(key),
    set(key: string, state: ThrottleState | undefined) {
      states.delete(key);
      if (!state) return;
      if (states.size >= MAX_KEYS) forgetOne();
      states.set(key, state);
    },
  };
  return {
    isShared: false,
    keyOf: (kind, ...parts) => [kind, ...parts].join(" "),
    change: async (_, decide) => decide(access),
    async prune(now) {
      for (const [key, { expiresAt }] of states) if (expiresAt < now) states.delete(key);
    },
  };
}
