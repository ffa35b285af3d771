import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds between two steps. */
const STEP_MS = 20;

/** Calls `act` with each item, one after the other, spread evenly over `spreadMs` milliseconds. */
export async function evenly<T>(items: readonly T[], spreadMs: number, act: (item: T) => void): Promise<void> {
  const started = performance.now();
  const remaining = [...items];
  for (;;) {
    const share = spreadMs > 0 ? Math.min(1, (performance.now() - started + STEP_MS) / spreadMs) : 1;
    for (const item of remaining.splice(Math.floor(items.length * (1 - share)))) act(item);
    if (remaining.length === 0) return;
    await delay(STEP_MS, undefined, { ref: false });
  }
}
