import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { startCheckpoints } from "./checkpoints.ts";
import { makeDataDir, syncFolder } from "./data-dir.ts";
import { lockDatabase } from "./database-lock.ts";
import { watchFiles } from "./database-watch.ts";
import { type LogSync, openLogSync } from "./log-sync.ts";
import type { DatabaseAway, OutageListener } from "./outage.ts";
import { DATABASE_FILE, openSqlite, RESCUED_PREFIX } from "./sqlite.ts";
import { type SqliteConnection, sqliteConnection } from "./sqlite-connection.ts";
import { reasonOf, StoreError } from "./store-error.ts";

/** The embedded database of a running backend. */
export interface EmbeddedDatabase {
  readonly connection: SqliteConnection;
  /**
   * Resolves when the database's files were deleted or replaced, so that later writes are in no file; or when the disk
   * could not store what was written, so that nothing is acknowledged any more.
   */
  readonly lost: Promise<StoreError>;
  /** Rejects when the disk has no space for a few more messages. */
  checkSpace(): Promise<void>;
  /** To be called when the tables have been created. */
  startWatching(): void;
  /**
   * To be called before the database is closed: saves it when it was lost. Rejects with a StoreError when that fails.
   */
  stop(): Promise<void>;
  /** Unlocks the database for other backends. To be called after it was closed. */
  release(): Promise<void>;
}

/**
 * Opens the embedded database in `dataDir` for one backend alone. Throws a StoreError when it cannot be used or
 * another backend uses it.
 */
export function openEmbedded(dataDir: string, listener?: OutageListener): EmbeddedDatabase {
  makeDataDir(dataDir);
  const unlock = lockDatabase(dataDir);
  const file = join(dataDir, DATABASE_FILE);
  const lost = Promise.withResolvers<StoreError>();
  let database: DatabaseSync | undefined;
  let log: LogSync;
  const stopForFailure = (error: Error) => lost.resolve(diskError(file, error));
  try {
    database = openSqlite(dataDir);
    log = startLog(database, dataDir, stopForFailure, (problem) => listener?.failed(problem));
  } catch (error) {
    database?.close();
    unlock();
    throw error;
  }
  const connection = sqliteConnection(database, log, listener);
  const checkpoints = startCheckpoints(file, log, connection.lock, stopForFailure);
  let stopWatching = () => {};
  let rescued: string | undefined;
  return {
    connection,
    lost: lost.promise,
    checkSpace: () => checkSpace(dataDir),
    startWatching() {
      const files = [file, `${file}-wal`].filter((path) => existsSync(path));
      stopWatching = watchFiles(files, (path) => {
        rescued = join(dataDir, `${RESCUED_PREFIX}${new Date().toISOString().replaceAll(":", "-")}.db`);
        lost.resolve(lostError(path, rescued));
      });
    },
    async stop() {
      stopWatching();
      await checkpoints.stop();
      if (rescued !== undefined) saveTo(rescued, connection.database);
    },
    async release() {
      await log.close();
      unlock();
    },
  };
}

/** Callbacks for a sync that has failed, and for one that takes too long. */
type SyncCallbacks = readonly [onFailure: (error: Error) => void, onLate: (problem: DatabaseAway) => void];

/**
 * Starts an empty log, and the syncs of it. First copies into the database file what an earlier process has left in the
 * log: it may not be on disk yet, and later entries of the log would be lost without it.
 */
function startLog(database: DatabaseSync, dataDir: string, ...callbacks: SyncCallbacks): LogSync {
  const file = join(dataDir, DATABASE_FILE);
  try {
    database.exec("pragma wal_checkpoint(truncate)");
    database.exec("pragma synchronous = normal; pragma wal_autocheckpoint = 0");
    const log = openLogSync(`${file}-wal`, ...callbacks);
    for (const folder of [dataDir, dirname(resolve(dataDir))]) syncFolder(folder);
    return log;
  } catch (error) {
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot write the log of the database ${file}: ${reasonOf(error)}. It needs free space and a disk that works.`,
      error,
    );
  }
}

function diskError(file: string, error: Error): StoreError {
  return new StoreError(
    "STORE_LOST",
    `the disk could not store what was written to ${file}: ${error.message}. Everything that was acknowledged ` +
      "before is stored. The backend stops, because it cannot tell what the disk has and what it has not. Check " +
      "the disk.",
    error,
  );
}

function lostError(file: string, rescued: string): StoreError {
  return new StoreError(
    "STORE_LOST",
    `${file} was deleted or replaced while the backend ran. The backend stops and saves all that it has stored to ` +
      `${rescued}. Put it back with: npm run restore -- ${rescued}`,
  );
}

/** Saves an open database whose files were deleted (https://sqlite.org/lang_vacuum.html). */
function saveTo(file: string, database: DatabaseSync): void {
  try {
    database.prepare("vacuum into ?").run(file);
    chmodSync(file, 0o600);
  } catch (error) {
    rmSync(file, { force: true });
    throw new StoreError("STORE_LOST", `the lost database could not be saved to ${file}: ${reasonOf(error)}.`, error);
  }
}

/** Bytes that have to be free. Writing to the database does not show a full disk while SQLite's log has free pages. */
const SPARE_BYTES = randomBytes(64 * 1024);

async function checkSpace(dataDir: string): Promise<void> {
  const path = join(dataDir, "write-check.tmp");
  const handle = await open(path, "w", 0o600);
  try {
    await handle.writeFile(SPARE_BYTES);
    await handle.sync();
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}
