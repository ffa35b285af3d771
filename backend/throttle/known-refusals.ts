/** Refusals remembered; beyond it the oldest goes. */
const MAX_KEYS = 50_000;

/** Refusals that a node has learned from the memory that all nodes share: it can repeat them without asking again. */
export interface KnownRefusals {
  /** Milliseconds that the key has to wait; 0 when no refusal is known. */
  waitFor(key: string): number;
  /** Remembers that the key has to wait for `wait` milliseconds, and repeats it for `repeated` milliseconds at most. */
  add(key: string, wait: number, repeated?: number): void;
  forget(key: string): void;
}

/** @param clock milliseconds since 1970 */
export function createKnownRefusals(clock: () => number): KnownRefusals {
  const refusals = new Map<string, { readonly until: number; readonly repeatedUntil: number }>();
  return {
    waitFor(key) {
      const known = refusals.get(key);
      if (!known) return 0;
      const now = clock();
      if (now < known.repeatedUntil) return known.until - now;
      refusals.delete(key);
      return 0;
    },
    add(key, wait, repeated = wait) {
      refusals.delete(key);
      const [oldest] = refusals.size >= MAX_KEYS ? refusals.keys() : [];
      if (oldest !== undefined) refusals.delete(oldest);
      const now = clock();
      refusals.set(key, { until: now + wait, repeatedUntil: now + Math.min(wait, repeated) });
    },
    forget: (key) => void refusals.delete(key),
  };
}
