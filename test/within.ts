/**
 * Milliseconds that one step of a test has by default: less than Jest gives a test, more than a product's own limit.
 */
const PATIENCE = 45_000;

/**
 * Waits for one step of a test. Rejects after `ms` with what was waited for and the result of `state`, so that a test
 * that hangs shows where. A test's own limit has to be longer than that of its steps.
 */
export async function within<T>(
  what: string,
  promise: PromiseLike<T>,
  state: () => string = () => "",
  ms = PATIENCE,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms / 1000} s for ${what}. ${state()}`)), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
