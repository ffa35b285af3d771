/**
 * Milliseconds for which all callers get the result of one check: health probes must not load the database.
 */
const VALID_MS = 5_000;

/**
 * Makes a check whether the database can be written. All callers share one write: those that call while it runs, and
 * within five seconds after its end, get its result.
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
