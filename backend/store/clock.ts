/*
 * The time that all nodes share, which is the database's. The clocks of two nodes may differ, and the nodes still have
 * to agree on when a session ended, a role changed or a token expires.
 */

/** This process's estimate of the database's clock. Times in milliseconds. */
export interface StoreClock {
  /** Milliseconds since 1970. Costs no query: the last measurement, and what a monotonic clock has counted since. */
  now(): number;
  /** Milliseconds by which this machine's clock is ahead of the database's at least; negative when it is behind. */
  offset(): number;
  /** Compares with the database again. Rejects when it does not respond; then the last measurement stays in use. */
  measure(): Promise<void>;
}

/** Clocks of this process: one that only goes forward, and the machine's, in milliseconds since 1970. */
export interface LocalClocks {
  monotonic(): number;
  machine(): number;
}

const LOCAL: LocalClocks = { monotonic: () => performance.now(), machine: () => Date.now() };

/** The embedded database has no clock of its own, and one node: its time is the machine's. */
export const machineClock: StoreClock = { now: () => Date.now(), offset: () => 0, measure: async () => undefined };

/** Maximum drift between the monotonic clocks of two machines, as a share of the time. */
const DRIFT = 0.0005;

/**
 * The clock of a database on another machine. A measurement is one query. The database has read its time between the
 * request and the response, so the difference of the clocks is known within an interval as long as the query took. Each
 * measurement narrows the interval; between measurements it grows by the drift of the clocks. Where two intervals do
 * not overlap, the database's clock was set or this machine slept, and the new interval replaces the old one.
 *
 * @param read the database's time in whole milliseconds since 1970
 */
export async function databaseClock(read: () => Promise<number>, local: LocalClocks = LOCAL): Promise<StoreClock> {
  /** The database's time when the monotonic clock was 0 is between these two. */
  let minOffset = Number.NEGATIVE_INFINITY;
  let maxOffset = Number.POSITIVE_INFINITY;
  let measuredAt = 0;

  async function measure(): Promise<void> {
    const sent = local.monotonic();
    const time = await read();
    const received = local.monotonic();
    const drift = (received - measuredAt) * DRIFT;
    const [low, high] = [time - received, time + 1 - sent];
    const isSet = low > maxOffset + drift || high < minOffset - drift;
    minOffset = isSet ? low : Math.max(low, minOffset - drift);
    maxOffset = isSet ? high : Math.min(high, maxOffset + drift);
    measuredAt = received;
  }

  await measure();
  const now = () => Math.floor(local.monotonic() + (minOffset + maxOffset) / 2);
  return {
    now,
    offset() {
      const difference = local.machine() - now();
      const certain = Math.abs(difference) - (maxOffset - minOffset) / 2;
      return certain <= 0 ? 0 : Math.round(Math.sign(difference) * certain);
    },
    measure,
  };
}
