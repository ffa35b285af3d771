/** A second signal counts as "do not wait" only this many milliseconds after the first. */
const SECOND_SIGNAL_AFTER = 1_000;
/** Milliseconds between two looks at the parent process. */
const PARENT_INTERVAL = 250;

/**
 * Aborts when this process shall end: SIGTERM, SIGINT, SIGHUP (the terminal was closed), or the end of the process that started
 * it. `npm run` starts a shell, which starts Node.js; a SIGTERM to npm ends npm and the shell, and only the changed
 * parent tells this process.
 *
 * Ctrl-C reaches every process of a terminal's group, and npm passes it on once more; a service manager signals every process of
 * the unit, npm as well. One wish to stop is therefore more than one signal. One that comes a second later is a second wish,
 * and ends the process at once with exit code 1.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let first: number | undefined;
  const stopOnce = () => {
    first ??= performance.now();
    stop.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (first !== undefined && performance.now() - first > SECOND_SIGNAL_AFTER) process.exit(1);
      stopOnce();
    });
  }
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      stopOnce();
    }, PARENT_INTERVAL).unref();
  }
  return stop.signal;
}
