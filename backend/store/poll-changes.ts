import { WRITE_LIMIT_MS } from "./postgres.ts";

/** Milliseconds between two polls, and so the maximum delay on a node that missed the event. */
const POLL_INTERVAL_MS = 400;
/** Maximum milliseconds by which the estimates of the database's time differ on two nodes. */
const MAX_CLOCK_DIFFERENCE_MS = 3_000;
/**
 * Milliseconds by which the time spans of two polls overlap. A change has the time at which its node began to store it,
 * and becomes visible only when it is committed, after waits for a connection and for locks.
 */
const OVERLAP_MS = WRITE_LIMIT_MS + MAX_CLOCK_DIFFERENCE_MS;
/** After so many milliseconds the result of a poll is too old, and a second poll follows at once. */
const MAX_AGE_MS = 1_000;

/** Looks for changes in the database. */
export interface ChangePoll {
  /** Does not report this change: its event has arrived at this node. */
  ignore(key: string): void;
  /** Milliseconds since the last successful poll began; large when the clock was set. */
  age(): number;
  stop(): void;
}

/**
 * Reads recent changes from the database twice a second, and reports each of them once. So a change takes effect within
 * a second on a node that missed the event about it: because the node is cut off from the others, or because a command
 * beside the backend has made the change.
 */
export function pollChanges<T>(options: {
  /** The database's clock, in milliseconds since 1970. */
  readonly clock: () => number;
  /** Reads the changes from a time on, by an index. */
  readonly changedSince: (since: number) => Promise<readonly T[]>;
  /** What identifies a change. */
  readonly keyOf: (change: T) => string;
  readonly onChange: (change: T) => void;
}): ChangePoll {
  const { clock, changedSince, keyOf, onChange } = options;
  /** When each change was found or its event arrived, the oldest first. */
  const known = new Map<string, number>();
  let polledAt = clock();
  let isPolling = false;

  const age = (): number => Math.abs(clock() - polledAt);

  function addIfNew(key: string): boolean {
    if (known.has(key)) return false;
    known.set(key, clock());
    return true;
  }

  async function poll(): Promise<void> {
    const now = clock();
    const since = Math.min(now, polledAt) - OVERLAP_MS; // the database's clock may have been set back
    for (const change of await changedSince(since)) if (addIfNew(keyOf(change))) onChange(change);
    polledAt = now;
    for (const [key, at] of known) {
      if (at >= since - OVERLAP_MS) break;
      known.delete(key);
    }
  }

  function pollUnlessPolling(): void {
    if (isPolling) return;
    isPolling = true;
    poll()
      .then(() => (age() > MAX_AGE_MS ? poll() : undefined))
      .catch(() => undefined) // the next poll covers this time span too
      .finally(() => {
        isPolling = false;
      });
  }

  const timer = setInterval(pollUnlessPolling, POLL_INTERVAL_MS).unref();
  return { ignore: (key) => void addIfNew(key), age, stop: () => clearInterval(timer) };
}
