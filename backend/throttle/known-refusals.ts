/** Maximum number of refusals that are remembered. In place of one more, the oldest one is forgotten. */
const MAX_KEYS = 50_000;

/** Refusals that this node has read from the memory of all nodes, and can repeat without reading it again. */
export interface KnownRefusals {
  /** Milliseconds that the key has to wait; 0 when no refusal is known. */
  waitFor(key: string): number;
  /** Remembers for at most `repeatForMs` milliseconds that the key has to wait for `waitMs` milliseconds. */
  add(key: string, waitMs: number, repeatForMs?: number): void;
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
    add(key, waitMs, repeatForMs = waitMs) {
      refusals.delete(key);
      const [oldest] = refusals.size >= MAX_KEYS ? refusals.keys() : [];
      if (oldest !== undefined) refusals.delete(oldest);
      const now = clock();
      refusals.set(key, { until: now + waitMs, repeatedUntil: now + Math.min(waitMs, repeatForMs) });
    },
    forget: (key) => void refusals.delete(key),
  };
}
