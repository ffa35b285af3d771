import { setTimeout as delay } from "node:timers/promises";

/** A process that was told to stop. */
export interface EndingProcess {
  /** Resolves when the process has ended. */
  readonly exited: Promise<unknown>;
  kill(): void;
  /** Number of requests in flight; undefined where it is not known. */
  requestsInFlight(): Promise<number | undefined>;
  /** Milliseconds that requests in flight have; 30,000 by default. */
  readonly gracePeriodMs?: number | undefined;
  /** Milliseconds after which a process without a request in flight is killed; 10,000 by default. */
  readonly idleTimeoutMs?: number | undefined;
}

/** Milliseconds between two checks. */
const CHECK_INTERVAL_MS = 250;
/** Milliseconds after the grace period in which a process can end by itself. */
const AFTER_GRACE_MS = 5_000;

/**
 * Waits for the end of a process that was told to stop. Kills it after its grace period (returns "late"), or when it
 * has no request in flight (returns "idle"): Ctrl-C must not take 30 s because of one connection that does not close. A
 * healthy cloudflared needs up to 3 s: it opens its four connections a second apart, also after SIGTERM.
 */
export async function waitForEnd(process: EndingProcess): Promise<"ended" | "idle" | "late"> {
  const { exited, gracePeriodMs = 30_000, idleTimeoutMs = 10_000 } = process;
  let isOver = false;
  const over = exited.then(() => {
    isOver = true;
  });
  const since = performance.now();
  for (;;) {
    await Promise.race([over, delay(CHECK_INTERVAL_MS, undefined, { ref: false })]);
    const waited = performance.now() - since;
    const isIdle = !isOver && waited > idleTimeoutMs && (await process.requestsInFlight()) === 0;
    if (isOver) return "ended";
    const isLate = waited > gracePeriodMs + AFTER_GRACE_MS;
    if (!isIdle && !isLate) continue;
    process.kill();
    await over;
    return isLate ? "late" : "idle";
  }
}
