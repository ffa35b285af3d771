import type { DatabaseSync, StatementSync } from "node:sqlite";
import { startNotBefore } from "../start-not-before.ts";
import { DatabaseAway } from "./outage.ts";
import {
  asOutage,
  BUSY_LIMIT_MS,
  BUSY_RETRY_MS,
  isBusy,
  isOutage,
  type SqliteConnection,
  type WriteCounter,
} from "./sqlite-connection.ts";

/**
 * Milliseconds between the starts of two groups: a commit and its sync cost as much as several writes. A single write
 * after a pause does not wait.
 */
const GROUP_INTERVAL_MS = 4;
/** Maximum number of writes in one group, so that it does not block the event loop for long. */
const MAX_GROUP_WRITES = 200;
/** Maximum number of writes that wait for the disk, or for the lock of another process. */
const MAX_WAITING = 10_000;

/** A write that waits for its group. */
export interface GroupedWrite {
  /**
   * Checks and writes, within the group's transaction. When it throws before it has written anything, only this write
   * is refused. When it fails after that, it has to throw `HalfWritten`, and the whole group is undone.
   */
  run(): void;
  /** Called when the transaction is on disk. `refusal` is the error that `run` has thrown. */
  settle(refusal: unknown): void;
  /** Called when there was no commit, or it is not on disk. */
  fail(problem: unknown): void;
}

/** A write has failed after a part of it was written. `cause` is the reason. */
export class HalfWritten extends Error {}

/** Rows that a feature keeps in memory, so that the writes of a group need not read them again. */
interface GroupCache {
  /** Called when the transaction of a group begins: forgets rows that other writers may have changed. */
  refresh(): void;
  /** Called when the transaction of a group was undone: forgets all rows. */
  forget(): void;
}

interface WaitingWrite {
  readonly write: GroupedWrite;
  refusal: unknown;
}

/**
 * Writes to the embedded database in groups. SQLite allows one writer, this process has one connection, and node:sqlite
 * is synchronous. So frequent writes are collected, and each group of them is one transaction in one turn of the event
 * loop. While a group is synced, the next one collects. A refused write has written nothing, so that it needs no
 * transaction of its own.
 */
export class SqliteGroups {
  readonly database: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #caches: GroupCache[] = [];
  readonly #writeWhenFree = () => this.#connection.lock.run(this.#writeGroup);
  #waiting: WaitingWrite[] = [];
  #isScheduled = false;
  #lastStart = Number.NEGATIVE_INFINITY;
  #busySince: number | undefined;

  constructor(connection: SqliteConnection) {
    const { database } = connection;
    this.database = database;
    this.#connection = connection;
    this.#begin = database.prepare("begin immediate");
    this.#commit = database.prepare("commit");
  }

  /** `what` says what was not done, for the error when too many writes wait: "a message was not stored". */
  add(write: GroupedWrite, what: string): void {
    if (this.#waiting.length >= MAX_WAITING)
      return void write.fail(new DatabaseAway(new Error(`${what}: ${MAX_WAITING} wait for the database already`)));
    this.#waiting.push({ write, refusal: undefined });
    this.#schedule();
  }

  addCache(cache: GroupCache): void {
    this.#caches.push(cache);
  }

  /** Counts the queries outside of groups that may have written to these tables. */
  countWrites(tables: readonly string[]): Readonly<WriteCounter> {
    const counter = { tables: new Set(tables), count: 0 };
    this.#connection.counters.push(counter);
    return counter;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    startNotBefore(this.#lastStart + GROUP_INTERVAL_MS, this.#writeWhenFree);
  }

  readonly #writeGroup = (): void => {
    this.#lastStart = performance.now();
    try {
      this.#begin.run();
    } catch (error) {
      this.#waitOrFail(error);
      return;
    }
    this.#busySince = undefined;
    const jobs = this.#waiting.slice(0, MAX_GROUP_WRITES);
    this.#waiting = this.#waiting.slice(MAX_GROUP_WRITES);
    try {
      for (const cache of this.#caches) cache.refresh();
      for (const job of jobs) this.#runOrRefuse(job);
      this.#commit.run();
    } catch (error) {
      for (const cache of this.#caches) cache.forget();
      // on a full disk SQLite has rolled back by itself
      if (this.database.isTransaction) this.database.exec("rollback");
      this.#fail(jobs, error instanceof HalfWritten ? error.cause : error);
      return;
    }
    this.#settleWhenSynced(jobs);
  };

  /** Tries again while another process, for example a command of the operator, has the lock; else fails all writes. */
  #waitOrFail(error: unknown): void {
    this.#busySince ??= this.#lastStart;
    if (isBusy(error) && this.#lastStart - this.#busySince < BUSY_LIMIT_MS) {
      setTimeout(this.#writeWhenFree, BUSY_RETRY_MS);
      return;
    }
    this.#busySince = undefined;
    this.#fail(this.#waiting.splice(0), error);
  }

  /** Throws when the whole group has to be undone. */
  #runOrRefuse(job: WaitingWrite): void {
    try {
      job.write.run();
    } catch (error) {
      if (!this.database.isTransaction || isOutage(error) || error instanceof HalfWritten) throw error;
      job.refusal = error;
    }
  }

  #settleWhenSynced(jobs: readonly WaitingWrite[]): void {
    const { log, listener } = this.#connection;
    if (!log?.isLate) listener.worked();
    log?.recordCommit();
    const synced = log?.synced();
    if (!synced) this.#settle(jobs);
    else
      void synced.then(
        () => this.#settle(jobs),
        (problem: unknown) => this.#fail(jobs, problem),
      );
  }

  /** The transaction is on disk. */
  #settle(jobs: readonly WaitingWrite[]): void {
    for (const { write, refusal } of jobs) write.settle(refusal);
    this.#scheduleNext();
  }

  /** There was no commit, or it is not on disk. */
  #fail(jobs: readonly WaitingWrite[], error: unknown): void {
    const problem = asOutage(error, this.#connection.listener);
    for (const { write } of jobs) write.fail(problem);
    this.#scheduleNext();
  }

  #scheduleNext(): void {
    this.#isScheduled = false;
    this.#schedule();
  }
}
