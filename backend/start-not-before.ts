/**
 * Starts work at the time `earliest` (of `performance.now`). When that has passed, starts it in the next turn of the
 * event loop, so that Node.js first reads what else has arrived.
 */
export function startNotBefore(earliest: number, work: () => void): void {
  const wait = earliest - performance.now();
  if (wait > 0) setTimeout(work, wait);
  else setImmediate(work);
}
