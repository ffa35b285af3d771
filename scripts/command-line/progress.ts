/** Milliseconds until the line is printed. */
const QUIET_MS = 2_000;

/** Waits for work, and prints on standard error what it waits for where that takes more than two seconds. */
export async function withProgress<T>(line: string, work: Promise<T>, quietMs = QUIET_MS): Promise<T> {
  const timer = setTimeout(() => console.error(line), quietMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
