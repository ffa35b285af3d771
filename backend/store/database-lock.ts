import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makePrivateFile } from "./data-dir.ts";
import { reasonOf, StoreError } from "./store-error.ts";

/** An empty file, which a running backend has locked. */
const LOCK_FILE = "backend.lock";
/** SQLITE_BUSY (https://sqlite.org/rescode.html). */
const BUSY = 5;

/**
 * Locks the embedded database in `dataDir` for one backend. With two backends, users would miss messages, because each
 * one broadcasts only those that it has stored. Commands that run beside a backend do not lock it.
 *
 * The lock is SQLite's own on an empty file, so that it works on every system, and the system gives it up when the
 * process ends, also by `kill -9`. The file stays.
 *
 * @returns a function that gives the lock up
 * @throws StoreError (STORE_IN_USE) when another backend has it, (STORE_UNAVAILABLE) when the file cannot be locked
 */
export function lockDatabase(dataDir: string): () => void {
  const file = join(dataDir, LOCK_FILE);
  let lock: DatabaseSync | undefined;
  try {
    makePrivateFile(file);
    lock = new DatabaseSync(file, { timeout: 0 });
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: unknown }).errcode === BUSY) {
      throw new StoreError(
        "STORE_IN_USE",
        `another backend uses the database in ${dataDir}. Stop it first, or set DATA_DIR to another folder. ` +
          "Several nodes of one site need PostgreSQL (DATABASE_URL).",
        error,
      );
    }
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot lock ${file}: ${reasonOf(error)}. The data folder must be on a file system with free space and file ` +
        "locks.",
      error,
    );
  }
  const lockedDatabase = lock;
  return () => lockedDatabase.close();
}
