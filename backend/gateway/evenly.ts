import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds between two steps. */
const STEP_MS = 20;

/** Calls `act` with each item, one after the other, spread evenly over `spreadMs` milliseconds. */
export async function evenly<T>(items: readonly T[], spread: number, act: (item: T) => void): Promise<void> {
  const started = performance.now();
  const left = [...items];
  for (;;) {
    const share = spread > 0 ? Math.min(1, (performance.now() - started + STEP_MS) / spread) : 1;
    for (const item of left.splice(Math.floor(items.length * (1 - share)))) act(item);
    if (left.length === 0) return;
    await delay(STEP_MS, undefined, { ref: false });
  }
}
