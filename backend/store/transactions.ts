import type { Kysely, Transaction } from "kysely";

/**
 * Runs work in a transaction. When the promise resolves, the work is committed. An error of the work rolls the
 * transaction back, and is thrown.
 */
export type InTransaction<S> = <T>(work: (transaction: Transaction<S>) => Promise<T>) => Promise<T>;

/** Runs each work in a transaction of its own. */
export function inOwnTransaction<S>(db: Kysely<S>): InTransaction<S> {
  return (work) => db.transaction().execute(work);
}

/**
 * Thrown by work in a transaction that must not change anything: `undoable` undoes the transaction and returns
 * `result`.
 */
export class Undo<T> extends Error {
  override name = "Undo";
  readonly result: T;
  constructor(result: T) {
    super("the transaction was undone on purpose");
    this.result = result;
  }
}

/** Runs work in a transaction. Returns what the work returns, or the result of the `Undo` that it throws. */
export async function undoable<S, T>(
  inTransaction: InTransaction<S>,
  work: (transaction: Transaction<S>) => Promise<T>,
): Promise<T> {
  try {
    return await inTransaction(work);
  } catch (error) {
    if (error instanceof Undo) return error.result as T;
    throw error;
  }
}
