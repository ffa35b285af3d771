import { WRITE_LIMIT_MS } from "./postgres.ts";

/** Milliseconds between two polls: how late a node is that did not get the event. */
const ROUND_MS = 400;
/** Milliseconds by which two nodes may know the database's time differently. */
const CLOCKS_MS = 3_000;
/**
 * Milliseconds that each look goes back behind the one before. A change has the time at which its node began to store
 * it, and shows only when it is committed: after waits for a connection and for locks.
 */
const OVERLAP_MS = WRITE_LIMIT_MS + CLOCKS_MS;
/** Milliseconds after which the result of a poll is too old. */
const LATE_MS = 1_000;

/** Looks for changes in the database. */
export interface ChangePoll {
  /** The event of the change has arrived at this node: the change is not reported. */
  ignore(key: string): void;
  /** Milliseconds since the last look that has ended; large when the clock was set. */
  age(): number;
  stop(): void;
}

/**
 * Reads from the database what has changed lately, twice a second, so that a change counts within a second where the
 * event about it did not arrive: on a node that is cut off from the others, or when a command beside the backend made
 * the change. Each change is found once.
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
  /** Changes that were found or whose event arrived, in the order of that time. */
  const known = new Map<string, number>();
  let seenAt = clock();
  let isLooking = false;

  const age = (): number => Math.abs(clock() - seenAt);

  function isNew(key: string): boolean {
    if (known.has(key)) return false;
    known.set(key, clock());
    return true;
  }

  async function look(): Promise<void> {
    const now = clock();
    const since = Math.min(now, seenAt) - OVERLAP_MS; // the database's clock may have been set back
    for (const change of await changedSince(since)) if (isNew(keyOf(change))) onChange(change);
    seenAt = now;
    for (const [key, at] of known) {
      if (at >= since - OVERLAP_MS) break;
      known.delete(key);
    }
  }

  function lookAgain(): void {
    if (isLooking) return;
    isLooking = true;
    look()
      .then(() => (age() > LATE_MS ? look() : undefined))
      .catch(() => undefined) // the next look goes further back
      .finally(() => {
        isLooking = false;
      });
  }

  const timer = setInterval(lookAgain, ROUND_MS).unref();
  return { ignore: (key) => void isNew(key), age, stop: () => clearInterval(timer) };
}
