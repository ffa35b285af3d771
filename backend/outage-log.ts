import type { Logger } from "pino";
import type { DatabaseAway, OutageListener } from "./store/index.ts";

/** Milliseconds between two lines. */
const INTERVAL_MS = 1_000;

/**
 * Writes one line a second while the database does not work, with the number of queries that failed since the last one,
 * and one when it works again. Requests that fail for this reason leave no errors of their own.
 *
 * @param onOver called when the database works again
 * @param clock milliseconds
 */
export function outageLog(
  log: Logger,
  onOver: () => void = () => undefined,
  clock: () => number = () => performance.now(),
): OutageListener {
  let isAway = false;
  let failed = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  return {
    failed({ message: reason }: DatabaseAway): void {
      isAway = true;
      failed += 1;
      if (clock() - loggedAt < INTERVAL_MS) return;
      log.error({ reason, failed }, "the database does not work: requests that need it are refused");
      loggedAt = clock();
      failed = 0;
    },
    worked(): void {
      // some connections may work while others do not
      if (!isAway || clock() - loggedAt < INTERVAL_MS) return;
      isAway = false;
      log.info({ failed }, "the database works again");
      failed = 0;
      onOver();
    },
  };
}
