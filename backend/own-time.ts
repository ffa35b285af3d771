import { setTimeout as delay } from "node:timers/promises";

/** Number of parts into which a wait is split. After each part the process has read what has arrived. */
const WAIT_PARTS = 4;

/**
 * Waits at most so many milliseconds for a promise. Only time in which this process was running counts. When a process
 * was busy or stopped, Node.js calls the timers that are due before it reads what has arrived: one long timer would
 * take the process's own delay for a timeout of the response.
 *
 * @param awaited must not reject
 */
export async function waitOwnTime(milliseconds: number, awaited?: Promise<unknown>): Promise<void> {
  let hasCome = false;
  const coming = awaited?.then(() => {
    hasCome = true;
  });
  for (let part = 0; part < WAIT_PARTS && !hasCome; part += 1) {
    const pause = delay(milliseconds / WAIT_PARTS, undefined, { ref: false });
    await (coming ? Promise.race([coming, pause]) : pause);
  }
}
