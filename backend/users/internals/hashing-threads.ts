import { readdirSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

/**
 * Gives the thread that serves requests a higher priority than those that hash, where both need the same core: a flood
 * of logins then only takes idle time. On Linux alone, where a thread has a priority of its own (setpriority(2));
 * elsewhere it does nothing. Node.js hashes in the threads of its pool, which exist once anything was hashed; what else
 * it does there, files and host names, yields too.
 */
export function yieldHashing(): void {
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
