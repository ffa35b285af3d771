import { readdirSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

/**
 * Lowers the priority of the threads that hash, so that under a flood of sign-ins the thread that serves requests runs
 * first. Works on Linux alone, where each thread has its own priority (setpriority(2)); does nothing on other systems.
 *
 * Node.js hashes in the threads of its pool, which start with the first hash. They also read files and look up host
 * names, which then has the lower priority too.
 */
export function lowerHashingPriority(): void {
  if (process.platform !== "linux") return;
  for (const thread of readdirSync("/proc/self/task")) {
    try {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, "utf8").trim();
      if (name === "libuv-worker") setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // the thread has ended meanwhile, or the system does not allow it: then hashing is as urgent as before
    }
  }
}
