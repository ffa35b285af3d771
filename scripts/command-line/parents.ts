/**
 * Ends this process when its parents have ended. npm sends SIGTERM to the shell that runs the script, and that shell
 * ends without sending it on. Where npm or the launcher (`run.mjs` on an older Node.js) is killed, no signal arrives.
 */
import { commandLineOf, parentOf } from "./processes.ts";

const INTERVAL_MS = 500;

/** The environment variable with the launcher's process id. */
const LAUNCHER = "CAUSEWAY_LAUNCHER_PID";

/**
 * Watches the launcher, and npm with its shell, where they started this process, and sends this process SIGTERM when
 * one of them ends. Other parents are not watched: a backend in the background may outlive the terminal that started
 * it.
 */
export function watchParents(name: string, env: NodeJS.ProcessEnv = process.env): void {
  const parents = parentsToWatch(name, process.ppid, env);
  delete env[LAUNCHER]; // processes that this one starts have another parent
  if (parents.length === 0) return;
  const timer = setInterval(() => {
    if (isChain(parents)) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, INTERVAL_MS);
  timer.unref();
}

/**
 * Process ids from `parent`, the parent of the command `name`, upwards. Empty where neither npm nor the launcher
 * started it.
 */
export function parentsToWatch(name: string, parent: number, env: NodeJS.ProcessEnv): readonly number[] {
  const launcher = Number(env[LAUNCHER]) || undefined;
  const { npm_lifecycle_script: line = "" } = env;
  const script = line.startsWith(`node scripts/run.mjs ${name}`) ? line : undefined;
  const watched: number[] = [];
  let next: number | undefined = parent;
  if (launcher !== undefined) {
    watched.push(launcher);
    next = parentOf(launcher);
  }
  if (script === undefined || next === undefined) return watched;
  watched.push(next);
  // usually the shell that npm started; some shells turn into the program that they run, and then it is npm
  const npm = commandLineOf(next)?.includes(script) ? parentOf(next) : undefined;
  if (npm !== undefined) watched.push(npm);
  return watched;
}

function isChain([first, ...more]: readonly number[]): boolean {
  let child = first;
  if (process.ppid !== child) return false;
  for (const parent of more) {
    if (child === undefined || parentOf(child) !== parent) return false;
    child = parent;
  }
  return true;
}
