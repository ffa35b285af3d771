import type { DatabaseSync } from "node:sqlite";
import { DatabaseAway } from "./outage.ts";
import { startSpaced } from "./spaced.ts";
import {
  asOutage,
  BUSY_LIMIT,
  BUSY_STEP,
  isBusy,
  isOutage,
  type SqliteConnection,
  type WriteCounter,
} from "./sqlite-connection.ts";

/**
 * Milliseconds between the starts of two groups: a commit and its sync cost as much as several writes. A write that
 * comes alone does not wait.
 */
const GROUP_MS = 4;
/** Most writes in one group, so that it does not hold up the event loop. */
const GROUP_SIZE = 200;
/** Writes that may wait while the disk or another process holds up the database. */
const MOST_WAITING = 10_000;

/** A write that waits for its group. */
export interface GroupedWrite {
  /**
   * Decides and writes, within the group's transaction. What it throws before it has written anything is its own: the
   * others go on. After that it throws `HalfWritten`, and the whole group is undone.
   */
  run(): void;
  /** The transaction is on disk; `refusal` is what `run` has thrown. */
  settle(refusal: unknown): void;
  /** There was no commit, or it is not on disk. */
  fail(problem: unknown): void;
}

/** Something was written and something that belongs to it was not. `cause` is the reason. */
export class HalfWritten extends Error {}

/** What a feature keeps in memory of its tables, so that the writes of a group need not read it again. */
interface GroupCache {
  /** Called when the transaction of a group begins: drops what other writers may have changed. */
  refresh(): void;
  /** Called when the transaction of a group was undone: drops everything. */
  forget(): void;
}

/** Writes to the embedded database in groups. */
export interface SqliteGroups {
  /** `what` is what was not done, for the error's text when too many writes wait. */
  add(write: GroupedWrite, what: string): void;
  addCache(cache: GroupCache): void;
  /** Counts the queries outside of groups that may have written to these tables. */
  countWrites(tables: readonly string[]): Readonly<WriteCounter>;
  readonly database: DatabaseSync;
}

interface WaitingWrite {
  readonly write: GroupedWrite;
  refusal: unknown;
}

/**
 * SQLite has one writer, this process has one connection, and node:sqlite does not wait: what is written
 * often is written in groups, each in one transaction within one turn of the event loop. While a group is synced, the
 * next one gathers. A write that is refused has written nothing, so that it needs no transaction of its own.
 */
export function sqliteGroups(connection: SqliteConnection): SqliteGroups {
  const { database, exclusive, listener, log, counters } = connection;
  const caches: GroupCache[] = [];
  const begin = database.prepare("begin immediate");
  const commit = database.prepare("commit");

  let waiting: WaitingWrite[] = [];
  let isScheduled = false;
  let lastStart = Number.NEGATIVE_INFINITY;
  let busySince: number | undefined;

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    startSpaced(lastStart + GROUP_MS, takeTurn);
  }

  const takeTurn = () => exclusive.run(writeGroup);

  function writeGroup(): void {
    lastStart = performance.now();
    try {
      begin.run();
    } catch (error) {
      // another process, for example a command of the operator's, has the lock
      busySince ??= lastStart;
      if (isBusy(error) && lastStart - busySince < BUSY_LIMIT) {
        setTimeout(takeTurn, BUSY_STEP);
        return;
      }
      busySince = undefined;
      failGroup(waiting.splice(0), error);
      return;
    }
    busySince = undefined;
    const jobs = waiting.slice(0, GROUP_SIZE);
    waiting = waiting.slice(GROUP_SIZE);
    try {
      for (const cache of caches) cache.refresh();
      for (const job of jobs) runOrRefuse(job);
      commit.run();
    } catch (error) {
      for (const cache of caches) cache.forget();
      // on a full disk SQLite has rolled back by itself
      if (database.isTransaction) database.exec("rollback");
      failGroup(jobs, error instanceof HalfWritten ? error.cause : error);
      return;
    }
    if (!log?.isLate) listener.worked();
    log?.written();
    const synced = log?.synced();
    if (synced)
      void synced.then(
        () => settleGroup(jobs),
        (problem: unknown) => failGroup(jobs, problem),
      );
    else settleGroup(jobs);
  }

  /** Throws when the whole group has to be undone. */
  function runOrRefuse(job: WaitingWrite): void {
    try {
      job.write.run();
    } catch (error) {
      if (!database.isTransaction || isOutage(error) || error instanceof HalfWritten) throw error;
      job.refusal = error;
    }
  }

  /** The transaction is on disk. */
  function settleGroup(jobs: readonly WaitingWrite[]): void {
    for (const { write, refusal } of jobs) write.settle(refusal);
    scheduleNext();
  }

  /** There was no commit, or it is not on disk. */
  function failGroup(jobs: readonly WaitingWrite[], error: unknown): void {
    const problem = asOutage(error, listener);
    for (const { write } of jobs) write.fail(problem);
    scheduleNext();
  }

  function scheduleNext(): void {
    isScheduled = false;
    schedule();
  }

  return {
    add(write, what) {
      if (waiting.length >= MOST_WAITING)
        return write.fail(new DatabaseAway(new Error(`${what}: ${MOST_WAITING} wait for the database already`)));
      waiting.push({ write, refusal: undefined });
      schedule();
    },
    addCache: (cache) => void caches.push(cache),
    countWrites(tables) {
      const counter = { tables: new Set(tables), count: 0 };
      counters.push(counter);
      return counter;
    },
    database,
  };
}
