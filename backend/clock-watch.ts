import type { Logger } from "pino";
import type { StoreClock } from "./store/index.ts";

/** Milliseconds between two measurements. */
const MEASURE_INTERVAL_MS = 1_000;
/** From this difference to the database's clock on, the machine's clock is logged as wrong. */
const WARN_MS = 1_000;
/** From this difference on, the node refuses requests. */
const REFUSE_MS = 10_000;
/** Milliseconds between two lines about the same difference. */
const LOG_INTERVAL_MS = 60_000;

export interface ClockWatch {
  /** Why this node must not serve; undefined while it may. It is cheap: every request calls it. */
  problem(): string | undefined;
  stop(): void;
}

/**
 * Compares the machine's clock with the database's. The backend itself uses the database's time. But a machine whose
 * clock is wrong by ten seconds also checks certificates and writes logs by a wrong time, so its node does not serve
 * until the clock is right.
 *
 * @param onWrong called when the clock becomes wrong by ten seconds
 */
export function watchClock(clock: StoreClock, log: Logger, onWrong: () => void): ClockWatch {
  let isWrong = false;
  let isMeasuring = false;
  let loggedAt = Number.NEGATIVE_INFINITY;

  const problem = () => (Math.abs(clock.offset()) < REFUSE_MS ? undefined : describeOffset(clock.offset()));

  function checkOffset(): void {
    const offset = clock.offset();
    const reason = problem();
    if (reason !== undefined && !isWrong) onWrong();
    const isChanged = isWrong !== (reason !== undefined);
    isWrong = reason !== undefined;
    if (isChanged && !isWrong) log.info({ offsetMs: offset }, "the clock is right again; this node serves");
    if (Math.abs(offset) < WARN_MS || (!isChanged && performance.now() - loggedAt < LOG_INTERVAL_MS)) return;
    loggedAt = performance.now();
    if (isWrong) log.error({ offsetMs: offset }, `this node does not serve: ${reason}`);
    else log.warn({ offsetMs: offset }, describeOffset(offset));
  }

  const timer = setInterval(() => {
    checkOffset();
    if (isMeasuring) return;
    isMeasuring = true;
    clock
      .measure()
      .then(checkOffset, () => undefined) // the database is away: that is reported elsewhere
      .finally(() => {
        isMeasuring = false;
      });
  }, MEASURE_INTERVAL_MS).unref();
  checkOffset();
  return { problem, stop: () => clearInterval(timer) };
}

function describeOffset(offset: number): string {
  const seconds = (Math.abs(offset) / 1000).toFixed(1);
  return (
    `the clock of this machine is ${seconds} s ${offset > 0 ? "ahead of" : "behind"} the database's. Synchronize ` +
    "both, for example by NTP."
  );
}
