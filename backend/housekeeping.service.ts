import type { ServiceBroker, ServiceSchema } from "moleculer";
import { DatabaseAway } from "./store/index.ts";
import type { Throttles } from "./throttle/throttle.ts";

/**
 * Milliseconds between two removals of what throttles have to remember no longer: an attacker can make it many rows.
 */
const THROTTLE_ROUND_MS = 10_000;

/** Work that a feature does from time to time, for example removing what is not needed any more. */
export interface HousekeepingTask {
  /** Milliseconds between two rounds. A round that takes longer delays the next one. */
  readonly intervalMs: number;
  /** The start waits for the first round; else it runs beside the traffic. */
  readonly isAwaited: boolean;
  /**
   * `signal` is aborted when the backend stops, which waits for the end of the round. `broker` is for events about what
   * the round does.
   */
  run(signal: AbortSignal, broker: ServiceBroker): Promise<void>;
}

/** Runs the tasks of all features, at the start and then in their intervals. */
export function housekeepingService(tasks: readonly HousekeepingTask[]): ServiceSchema {
  const stop = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const running = new Map<HousekeepingTask, Promise<void>>();

  /** Runs a round, or waits for the one that runs. */
  function run(task: HousekeepingTask, broker: ServiceBroker): Promise<void> {
    const current = running.get(task) ?? task.run(stop.signal, broker).finally(() => running.delete(task));
    running.set(task, current);
    return current;
  }

  return {
    name: "housekeeping",
    async started() {
      const runApart = (task: HousekeepingTask) =>
        run(task, this.broker).catch((error: unknown) => {
          // that the database does not work is in the log already
          if (!(error instanceof DatabaseAway)) this.logger.error("housekeeping failed", error);
        });
      for (const task of tasks) if (task.isAwaited) await run(task, this.broker);
      for (const task of tasks) {
        if (!task.isAwaited) void runApart(task);
        timers.push(setInterval(() => void runApart(task), task.intervalMs).unref());
      }
    },
    async stopped() {
      for (const timer of timers) clearInterval(timer);
      stop.abort();
      await Promise.allSettled(running.values());
    },
  };
}

/** Removes what throttles have to remember no longer. */
export function throttleHousekeeping(throttles: Throttles, clock: () => number): readonly HousekeepingTask[] {
  return [{ intervalMs: THROTTLE_ROUND_MS, isAwaited: false, run: () => throttles.prune(clock()) }];
}
