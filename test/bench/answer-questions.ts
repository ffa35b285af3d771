import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Told } from "./contenders.ts";

/**
 * Answers the bench that started this process: how much memory it uses, and how late its event loop was since it was
 * asked last.
 */
export function answerQuestions(): void {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on("message", async () => {
    const millisecondsLate = { mean: delay.mean / 1e6 - 5, p99: delay.percentile(99) / 1e6 - 5 };
    for (let i = 0; i < 3 && global.gc; i++) await global.gc();
    process.send?.({ memory: process.memoryUsage(), delay: millisecondsLate } satisfies Told);
    delay.reset();
  });
}
