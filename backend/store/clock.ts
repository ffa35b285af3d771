/*
 * The time that all nodes share. Two nodes whose own clocks differ must not disagree about when a session ended, a role
 * changed or a token expires: each of them reckons by the database's clock.
 */

/** This process's estimate of the database's clock. Times in milliseconds. */
export interface StoreClock {
  /** Milliseconds since 1970. Costs no query: the last measurement, and what a monotonic clock has counted since. */
  now(): number;
  /** By how much at least this machine's clock is ahead of the database's; negative when it is behind. */
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

/** Most that monotonic clocks of two machines drift apart, as a share of the time. */
const DRIFT = 0.0005;

/**
 * The clock of a database on another machine. A measurement is one query: the database's time was read between sending
 * it and its response, so that the difference of the clocks lies within an interval as long as the query took. Each
 * measurement narrows the interval; between them it grows by what clocks may drift. Where the intervals do not meet,
 * the database's clock was set, or this machine slept: the new one counts.
 *
 * @param read the database's time in whole milliseconds since 1970
 */
export async function databaseClock(read: () => Promise<number>, local: LocalClocks = LOCAL): Promise<StoreClock> {
  /** The database's time when the monotonic clock was 0: between these two. */
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let measuredAt = 0;

  async function measure(): Promise<void> {
    const sent = local.monotonic();
    const time = await read();
    const received = local.monotonic();
    const drift = (received - measuredAt) * DRIFT;
    const [low, high] = [time - received, time + 1 - sent];
    const isSet = low > most + drift || high < least - drift;
    least = isSet ? low : Math.max(low, least - drift);
    most = isSet ? high : Math.min(high, most + drift);
    measuredAt = received;
  }

  await measure();
  const now = () => Math.floor(local.monotonic() + (least + most) / 2);
  return {
    now,
    offset() {
      const difference = local.machine() - now();
      const certain = Math.abs(difference) - (most - least) / 2;
      return certain <= 0 ? 0 : Math.round(Math.sign(difference) * certain);
    },
    measure,
  };
}
