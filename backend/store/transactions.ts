import { CompiledQuery, type Kysely, type Transaction } from "kysely";

/**
 * Runs work in a transaction. What it answers is committed when it resolves; whatever it throws undoes it and is
 * thrown on.
 */
export type InTransaction<S> = <T>(work: (transaction: Transaction<S>) => Promise<T>) => Promise<T>;

/** Each in a transaction of its own: for a database that commits many at once. */
export function apart<S>(db: Kysely<S>): InTransaction<S> {
  return (work) => db.transaction().execute(work);
}

/**
 * Thrown by work in a transaction that shall change nothing: the transaction is undone, and `undoable` returns
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

/** Most that is done in one transaction: what comes later shall not wait long. */
const MOST = 100;

/** Work that waits for the next transaction. */
interface Job<S> {
  /** Keeps what it came to until it is settled; rejects with what the work throws. */
  run(transaction: Transaction<S>): Promise<void>;
  /** Keeps what the work throws as well, and undoes what it did before. */
  runGuarded(transaction: Transaction<S>): Promise<void>;
  /** Resolves or rejects as the run came out. */
  settle(): void;
  /** Rejects: there was no commit. */
  lose(error: unknown): void;
}

/**
 * What arrives in one turn of the event loop in one transaction, one after another: for a database with one writer,
 * where a commit costs as much as the work. When some of it throws, all of it is done again with a savepoint for each,
 * so that each is undone by itself: work is run twice then, and does nothing but ask and change the database.
 */
export function together<S>(db: Kysely<S>): InTransaction<S> {
  const waiting: Job<S>[] = [];

  async function next(): Promise<void> {
    const jobs = waiting.splice(0, MOST);
    if (waiting.length > 0) setImmediate(next);
    try {
      await all(jobs, "run").catch(() => all(jobs, "runGuarded"));
      for (const job of jobs) job.settle();
    } catch (error) {
      for (const job of jobs) job.lose(error);
    }
  }

  function all(jobs: readonly Job<S>[], how: "run" | "runGuarded"): Promise<void> {
    return db.transaction().execute(async (transaction) => {
      for (const job of jobs) await job[how](transaction);
    });
  }

  return (work) =>
    new Promise((resolve, reject) => {
      let settle = (): void => reject(new Error("invariant: work is settled after it has run"));
      const run = async (transaction: Transaction<S>) => {
        const result = await work(transaction);
        settle = () => resolve(result);
      };
      waiting.push({
        run,
        async runGuarded(transaction) {
          await transaction.executeQuery(SAVE);
          try {
            await run(transaction);
          } catch (error) {
            await transaction.executeQuery(UNDO);
            settle = () => reject(error);
          }
          await transaction.executeQuery(RELEASE);
        },
        settle: () => settle(),
        lose: reject,
      });
      // the poll phase first reads what else has arrived
      if (waiting.length === 1) setImmediate(next);
    });
}

const SAVE = CompiledQuery.raw("savepoint one");
const UNDO = CompiledQuery.raw("rollback to one");
const RELEASE = CompiledQuery.raw("release one");
