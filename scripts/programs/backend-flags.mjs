// The flags of V8 that the backend starts with. Plain JavaScript, because run.mjs needs them before TypeScript can be
// loaded. A bundle loads this file on any Node.js: what an old one does not export is not imported by its name.
import os from "node:os";

/**
 * The flags that measured best for the backend (test/bench/README.md): on one core the helper threads of V8's garbage
 * collector only take time from the main thread. With more cores these threads have a core of their own, and V8
 * chooses.
 * `cores` is what the system gives this process: its affinity, and on Linux the quota of its control group.
 *
 * @param {number} [cores]
 * @returns {string[]}
 */
export function backendFlags(cores = os.availableParallelism()) {
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

/**
 * Starts this process anew with these flags: V8 takes them at its start only. The process stays the same one, so that
 * signals and those who wait for it notice nothing (execve(2)). Returns where there are no flags, and where it cannot
 * be done: the process goes on without them then.
 *
 * @param {readonly string[]} flags
 */
export function startAnew(flags) {
  if (flags.length === 0 || process.platform === "win32" || process.execve === undefined) return;
  try {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)]);
  } catch {
    // under --permission, for one
  }
}

/** A flag without its value: V8 takes `--no-` or `--no` before a name, and `_` for `-` in it. */
function nameOf(flag) {
  return flag
    .split("=", 1)[0]
    .replaceAll("_", "-")
    .replace(/^--no-?/, "--");
}
