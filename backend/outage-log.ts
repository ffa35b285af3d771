import type { Logger } from "pino";
import type { DatabaseAway, OutageListener } from "./store/index.ts";

/** Milliseconds between two lines. */
const LOG_INTERVAL_MS = 1_000;

/**
 * While the database does not work, logs one line a second, with the number of queries that have failed since the line
 * before; and one line when it works again. Requests that fail because of it do not log errors.
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
      if (clock() - loggedAt < LOG_INTERVAL_MS) return;
      log.error({ reason, failed }, "the database does not work: requests that need it are refused");
      loggedAt = clock();
      failed = 0;
    },
    worked(): void {
      // some connections may work while others do not
      if (!isAway || clock() - loggedAt < LOG_INTERVAL_MS) return;
      isAway = false;
      log.info({ failed }, "the database works again");
      failed = 0;
      onOver();
    },
  };
}
