import type { ThrottleState, Throttles } from "./throttle.ts";

/** Keys that are remembered. */
export const MAX_KEYS = 200_000;
/** Keys among which one is chosen to be forgotten. */
const CANDIDATES = 8;

/**
 * The memory of one node. A restart forgets it: that is the operator's, and a write to the disk for each try would make
 * a flood of tries a flood of writes. When it is full, one of the keys that were changed longest ago is forgotten, the
 * one with the fewest failures: to make it forget a key that has to wait, an attacker has to fail as often with many
 * others.
 */
export function memoryThrottles(): Throttles {
  const states = new Map<string, ThrottleState>();

  function forgetOne(): void {
    let least: string | undefined;
    let seen = 0;
    for (const [key, { count }] of states) {
      if (least === undefined || count < (states.get(least)?.count ?? 0)) least = key;
      if (++seen === CANDIDATES) break;
    }
    if (least !== undefined) states.delete(least);
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
