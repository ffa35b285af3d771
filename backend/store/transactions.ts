import { CompiledQuery, type Kysely, type Transaction } from "kysely";

/** Runs work in a transaction. What it answers is committed when it resolves; whatever it throws undoes it and is thrown on. */
export type InTransaction<S> = <T>(work: (transaction: Transaction<S>) => Promise<T>) => Promise<T>;

/** Each in a transaction of its own: for a database that commits many at once. */
export function apart<S>(db: Kysely<S>): InTransaction<S> {
  return (work) => db.transaction().execute(work);
}

/** Most that is done in one transaction: what comes later shall not wait long. */
const MOST = 100;

/** Work that waits for the next transaction. */
interface Job<S> {
  /** Keeps what it came to until it is settled; rejects only when the whole transaction is lost. */
  run(transaction: Transaction<S>): Promise<void>;
  /** Resolves or rejects as the run came out. */
  settle(): void;
  /** Rejects: there was no commit. */
  lose(error: unknown): void;
}

/**
 * What arrives in one turn of the event loop in one transaction, one after another, each undone by itself: for a database with one
 * writer, where a commit costs as much as the work.
 */
export function together<S>(db: Kysely<S>): InTransaction<S> {
  const waiting: Job<S>[] = [];

  async function next(): Promise<void> {
    const jobs = waiting.splice(0, MOST);
    if (waiting.length > 0) setImmediate(next);
    try {
      await db.transaction().execute(async (transaction) => {
        for (const job of jobs) await job.run(transaction);
      });
      for (const job of jobs) job.settle();
    } catch (error) {
      for (const job of jobs) job.lose(error);
    }
  }

  return (work) =>
    new Promise((resolve, reject) => {
      let settle = (): void => reject(new Error("invariant: work is settled after it has run"));
      waiting.push({
        async run(transaction) {
          await transaction.executeQuery(SAVE);
          try {
            const result = await work(transaction);
            settle = () => resolve(result);
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
