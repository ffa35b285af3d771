import type { DatabaseSync } from "node:sqlite";
import { ConnectionLock } from "./connection-lock.ts";
import type { LogSync } from "./log-sync.ts";
import { DatabaseAway, NO_LISTENER, type OutageListener } from "./outage.ts";

/** Milliseconds between two tries to get a lock that another process has. */
export const BUSY_RETRY_MS = 5;
/** Milliseconds after which no more tries are made. */
export const BUSY_LIMIT_MS = 5000;

/** SQLITE_BUSY (https://sqlite.org/rescode.html). */
const BUSY = 5;
/**
 * SQLITE_BUSY, READONLY, IOERR, FULL and CANTOPEN: another process keeps its lock, or the disk is full or has failed.
 */
const OUTAGES: readonly number[] = [BUSY, 8, 10, 13, 14];

/** The one connection of this process to the embedded database. */
export interface SqliteConnection {
  readonly database: DatabaseSync;
  /** Gives the connection to a transaction, from its begin to its end, or to a single query. */
  readonly lock: ConnectionLock;
  readonly listener: OutageListener;
  /** Syncs the log of a backend. Undefined for a command: there SQLite syncs in each commit. */
  readonly log: LogSync | undefined;
  /** Counters of the queries by which this process writes. */
  readonly counters: WriteCounter[];
}

/** Counts the queries of this process that may have written to some tables. */
export interface WriteCounter {
  readonly tables: ReadonlySet<string>;
  count: number;
}

export function sqliteConnection(
  database: DatabaseSync,
  log?: LogSync,
  listener: OutageListener = NO_LISTENER,
): SqliteConnection {
  return { database, lock: new ConnectionLock(), listener, log, counters: [] };
}

export const isBusy = (error: unknown): boolean => codeOf(error) === BUSY;

/**
 * Returns a `DatabaseAway` for an error that is an outage, and calls the listener; returns other errors as they are.
 */
export function asOutage(error: unknown, listener: OutageListener): unknown {
  if (!OUTAGES.includes(codeOf(error))) return error;
  const problem = new DatabaseAway(error);
  listener.failed(problem);
  return problem;
}

export const isOutage = (error: unknown): boolean => OUTAGES.includes(codeOf(error));

/** The primary code of an error of SQLite's; -1 for any other error. */
function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null && "errcode" in error ? Number(error.errcode) % 256 : -1;
}
