import type { ServiceBroker, ServiceSchema } from "moleculer";
import { DatabaseAway } from "./store/index.ts";
import type { Throttles } from "./throttle/throttle.ts";

/**
 * Milliseconds between two removals of expired states of throttles: an attacker can add many.
 */
const THROTTLE_ROUND_MS = 10_000;

/** Work that a feature does regularly, for example removing old rows. */
export interface HousekeepingTask {
  /** Milliseconds between two rounds. A round that takes longer delays the next one. */
  readonly intervalMs: number;
  /** Whether the start waits for the first round; otherwise it runs in the background. */
  readonly isAwaited: boolean;
  /**
   * Does one round. `signal` is aborted when the backend stops, which then waits for the end of the round. `broker` is
   * for events about what the round has changed.
   */
  run(signal: AbortSignal, broker: ServiceBroker): Promise<void>;
}

/** Runs the tasks of all features, at the start and then in their intervals. */
export function housekeepingService(tasks: readonly HousekeepingTask[]): ServiceSchema {
  const stop = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const running = new Map<HousekeepingTask, Promise<void>>();

  /** Runs a round, or waits for the current one. */
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
          // the store logs outages itself
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

/** Removes expired states of throttles. */
export function throttleHousekeeping(throttles: Throttles, clock: () => number): readonly HousekeepingTask[] {
  return [{ intervalMs: THROTTLE_ROUND_MS, isAwaited: false, run: () => throttles.prune(clock()) }];
}
