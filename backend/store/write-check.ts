/**
 * Milliseconds for which the outcome of a check is given to all callers: probes must be no load on the database.
 */
const VALID_MS = 5_000;

/**
 * Checks with one write for all callers whether the store can be written. While it runs, and for five seconds after its
 * end, all callers get its outcome.
 *
 * @param write writes something small; rejects when that fails
 * @param now milliseconds of a clock that only goes forward
 * @returns a check that rejects as the write did
 */
export function createWriteCheck(write: () => Promise<void>, now = () => performance.now()): () => Promise<void> {
  let current: Promise<void> | undefined;
  let validUntil = Number.POSITIVE_INFINITY;
  return () => {
    if (current && now() < validUntil) return current;
    validUntil = Number.POSITIVE_INFINITY;
    const settled = () => {
      validUntil = now() + VALID_MS;
    };
    current = write();
    current.then(settled, settled);
    return current;
  };
}
