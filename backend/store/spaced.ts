/**
 * Starts work at the time `earliest` (of `performance.now`), or in the next turn of the event loop when that is over:
 * the poll phase first reads what else has arrived.
 */
export function startSpaced(earliest: number, work: () => void): void {
  const wait = earliest - performance.now();
  if (wait > 0) setTimeout(work, wait);
  else setImmediate(work);
}
