/**
 * The database does not work at the moment: it has stopped, cannot be reached, is full or too slow. A later try may
 * succeed. The gateway recognizes the error by its name, and tells clients when to try again.
 */
export class DatabaseAway extends Error {
  override name = "DatabaseAway";
  constructor(cause: unknown) {
    super(cause instanceof Error && cause.message !== "" ? cause.message : "it cannot be reached", { cause });
  }
}

/** Called for every query that failed because the database does not work, and for every one that worked. */
export interface OutageListener {
  failed(problem: DatabaseAway): void;
  worked(): void;
}

export const NO_LISTENER: OutageListener = { failed: () => undefined, worked: () => undefined };

/** Reports to the listener whether a query worked, and returns its result. Throws an outage as a `DatabaseAway`. */
export async function reportOutage<T>(
  work: Promise<T>,
  isOutage: (thrown: unknown) => boolean,
  listener: OutageListener,
): Promise<T> {
  try {
    const result = await work;
    listener.worked();
    return result;
  } catch (thrown) {
    if (!isOutage(thrown)) throw thrown;
    const problem = new DatabaseAway(thrown);
    listener.failed(problem);
    throw problem;
  }
}
