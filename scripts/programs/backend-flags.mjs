// The flags of V8 that the backend starts with. Plain JavaScript, because run.mjs needs them before TypeScript can be
// loaded.
import { availableParallelism } from "node:os";

/**
 * The flags that measured best for the backend (test/bench/README.md): on one core the helper threads of V8's garbage
 * collector only take time from the main thread. With more cores V8's own choice is the best.
 * `cores` is what the system gives this process: its affinity, and on Linux the quota of its control group.
 *
 * @param {number} [cores]
 * @returns {string[]}
 */
export function backendFlags(cores = availableParallelism()) {
  return cores === 1 ? ["--single-threaded-gc"] : [];
}

/**
 * The flags that still have to be given. A flag that the user has given is not replaced, whatever its value.
 *
 * @param {readonly string[]} flags
 * @param {readonly string[]} execArgv flags that this process was started with
 * @param {string} [nodeOptions] the variable NODE_OPTIONS
 * @returns {string[]}
 */
export function missingFlags(flags, execArgv, nodeOptions = "") {
  const given = new Set([...execArgv, ...nodeOptions.split(/\s+/)].map(nameOf));
  return flags.filter((flag) => !given.has(nameOf(flag)));
}

/** A flag without its value: V8 takes `--no-` or `--no` before a name, and `_` for `-` in it. */
function nameOf(flag) {
  return flag
    .split("=", 1)[0]
    .replaceAll("_", "-")
    .replace(/^--no-?/, "--");
}
