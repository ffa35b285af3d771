import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { makeDataDir } from "./data-dir.ts";
import { lockDatabase } from "./database-lock.ts";
import { watchFiles } from "./database-watch.ts";
import { FILE, openSqlite, RESCUED } from "./sqlite.ts";
import { reasonOf, StoreError } from "./store-error.ts";

/** The embedded database of a running backend. */
export interface EmbeddedDatabase {
  readonly database: DatabaseSync;
  /**
   * Resolves when the database's files were deleted or replaced. Everything that is acknowledged from then on is in no
   * file.
   */
  readonly lost: Promise<StoreError>;
  /** Rejects when the disk has no room for a few messages more. */
  checkSpace(): Promise<void>;
  /** To be called once the tables are there. */
  startWatching(): void;
  /** To be called before the database is closed: saves it when it was lost. Throws a StoreError when that fails. */
  save(): void;
  /** To be called after the database was closed: lets another backend have it. */
  release(): void;
}

/**
 * Opens the embedded database in `dataDir` for one backend alone. Throws a StoreError when it cannot be used or
 * another backend uses it.
 */
export function openEmbedded(dataDir: string): EmbeddedDatabase {
  makeDataDir(dataDir);
  const release = lockDatabase(dataDir);
  let database: DatabaseSync;
  try {
    database = openSqlite(dataDir);
  } catch (error) {
    release();
    throw error;
  }
  const file = join(dataDir, FILE);
  const lost = Promise.withResolvers<StoreError>();
  let stopWatching = () => {};
  let rescued: string | undefined;
  return {
    database,
    lost: lost.promise,
    checkSpace: () => checkSpace(dataDir),
    startWatching() {
      const files = [file, `${file}-wal`].filter((path) => existsSync(path));
      stopWatching = watchFiles(files, (path) => {
        rescued = join(dataDir, `${RESCUED}${new Date().toISOString().replaceAll(":", "-")}.db`);
        lost.resolve(lostError(path, rescued));
      });
    },
    save() {
      stopWatching();
      if (rescued !== undefined) saveTo(rescued, database);
    },
    release,
  };
}

function lostError(file: string, rescued: string): StoreError {
  return new StoreError(
    "STORE_LOST",
    `${file} was deleted or replaced while the backend ran. The backend stops and saves all that it has stored to ` +
      `${rescued}. Put it back with: npm run restore -- ${rescued}`,
  );
}

/** The open database has everything, also what no file has any more (https://sqlite.org/lang_vacuum.html). */
function saveTo(file: string, database: DatabaseSync): void {
  try {
    database.prepare("vacuum into ?").run(file);
    chmodSync(file, 0o600);
  } catch (error) {
    rmSync(file, { force: true });
    throw new StoreError("STORE_LOST", `the lost database could not be saved to ${file}: ${reasonOf(error)}.`, error);
  }
}

/** Bytes that have to be free. A write to the database alone shows no full disk while SQLite's log has room inside. */
const SPARE = randomBytes(64 * 1024);

async function checkSpace(dataDir: string): Promise<void> {
  const path = join(dataDir, "write-check.tmp");
  const handle = await open(path, "w", 0o600);
  try {
    await handle.writeFile(SPARE);
    await handle.sync();
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}
