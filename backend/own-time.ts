import { setTimeout as delay } from "node:timers/promises";

/** Parts in which time is waited for. After each of them this process has read what has arrived. */
const PARTS = 4;

/**
 * Waits for something for so many milliseconds at most. Only time in which this process ran counts: a process that was
 * busy or stopped first reads the response that has arrived meanwhile, instead of taking its own delay for a timeout.
 * Node.js calls timers that are due before it reads.
 *
 * @param wanted must not reject
 */
export async function waitOwnTime(milliseconds: number, wanted?: Promise<unknown>): Promise<void> {
  let hasCome = false;
  const coming = wanted?.then(() => {
    hasCome = true;
  });
  for (let part = 0; part < PARTS && !hasCome; part += 1) {
    const pause = delay(milliseconds / PARTS, undefined, { ref: false });
    await (coming ? Promise.race([coming, pause]) : pause);
  }
}
