/** How a command ends on signals: in order at the first, at once at the second. */
import { setTimeout as delay } from "node:timers/promises";
import { CommandError } from "./failure.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type EndSignal = (typeof SIGNALS)[number];

/**
 * Milliseconds in which further signals are the first one again: Ctrl-C reaches every process of the terminal's group,
 * and npm and the launcher each pass it on; a service manager signals all processes of the service.
 */
const SAME_REQUEST_MS = 1_000;

let controller: AbortController | undefined;

/**
 * From the first call on, SIGINT, SIGTERM and SIGHUP no longer end this process by themselves: the first one aborts
 * the returned signal, whose reason is the name of the signal, and the command ends in order. A later one ends the
 * process at once, with exit code 1.
 */
export function endSignal(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const created = new AbortController();
  let firstAt: number | undefined;
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        created.abort(name);
      } else if (performance.now() - firstAt > SAME_REQUEST_MS) {
        process.exit(1);
      }
    });
  }
  controller = created;
  return created.signal;
}

/** The first signal that this process has received; undefined before. */
export function endRequestedBy(): EndSignal | undefined {
  return SIGNALS.find((name) => controller?.signal.reason === name);
}

/**
 * Waits for work that only reads, until this process gets a signal: the work is left behind then.
 * @throws CommandError after a signal
 */
export async function untilSignal<T>(work: Promise<T>): Promise<T> {
  const ending = endSignal();
  let stop: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new CommandError(`stopped by ${ending.reason}.`));
    if (ending.aborted) stop();
    else ending.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (stop !== undefined) ending.removeEventListener("abort", stop);
  }
}

export interface Service<T> {
  /** Once the signal is aborted, it may end its work and reject with the signal's reason. */
  start(signal: AbortSignal): Promise<T>;
  /** Called when it runs, unless a signal came while it started. */
  started(running: T): void;
  stop(running: T): Promise<void>;
  /** Takes its output, line by line. Left out, there is none. */
  say?(line: string): void;
  /** Milliseconds that a start has to finish after a signal; 30,000 by default. */
  readonly startTimeoutMs?: number;
}

/**
 * Runs something until this process gets a signal, also while it starts, and stops it in order.
 * @throws CommandError where it was still starting at the end of `startTimeoutMs`
 */
export async function runUntilSignal<T>(service: Service<T>): Promise<void> {
  const { start, started, stop, say = () => {}, startTimeoutMs = 30_000 } = service;
  const ending = endSignal();
  const again = () => (ending.reason === "SIGINT" ? "press Ctrl-C again" : "send it again");
  ending.addEventListener("abort", () => say(`${ending.reason}: ending; ${again()} to stop at once`));
  const outcome = await Promise.race([start(ending), failAfterTimeout(ending, startTimeoutMs)]).then(
    (running) => ({ running }),
    (error: unknown) => {
      if (!ending.aborted || error !== ending.reason) throw error;
      return undefined; // the start ended because of the signal: there is nothing to stop
    },
  );
  if (outcome && !ending.aborted) {
    started(outcome.running);
    await aborted(ending);
  }
  if (outcome) await stop(outcome.running);
  say("ended");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function failAfterTimeout(ending: AbortSignal, timeoutMs: number): Promise<never> {
  await aborted(ending);
  await delay(timeoutMs);
  throw new CommandError(`it was still starting ${timeoutMs / 1000} s after ${ending.reason}, and ended at once.`);
}
