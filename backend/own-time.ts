import { setTimeout as delay } from "node:timers/promises";

/** Number of parts into which a wait is split. After each part the process has read what has arrived. */
const PARTS = 4;

/**
 * Waits at most so many milliseconds for a promise. Only time in which this process was running counts. When a process
 * was busy or stopped, Node.js calls the timers that are due before it reads what has arrived: one long timer would
 * take the process's own delay for a timeout of the response.
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
