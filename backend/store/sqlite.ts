import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeDataDir, makePrivateFile } from "./data-dir.ts";
import { reasonOf, StoreError } from "./store-error.ts";

/** The embedded database's file in the data folder. */
export const DATABASE_FILE = "causeway.db";
/** The beginning of the names of copies that a backend has saved of a database whose file was deleted while it ran. */
export const RESCUED_PREFIX = "rescued-";
/**
 * Maximum milliseconds for which opening waits for the lock of another process. Later waits do not block this process
 * (`sqlite-dialect.ts`).
 */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens the embedded database in `dataDir`, and makes it if it is missing: the folder with 0700, the file with 0600.
 * Throws a StoreError when it cannot be used.
 */
export function openSqlite(dataDir: string): DatabaseSync {
  const file = join(dataDir, DATABASE_FILE);
  makeDataDir(dataDir);
  assertNotRescued(dataDir);
  try {
    makePrivateFile(file); // SQLite would make it readable for all users; its WAL takes over these permissions
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    // WAL: readers never wait for the writer. FULL: a commit is on disk; a backend syncs by itself (`log-sync.ts`)
    database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10;");
    // deleted data is overwritten in the file, not only marked as free
    database.exec("pragma secure_delete = on");
    return database;
  } catch (error) {
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot open the database ${file}: ${reasonOf(error)}. It needs free space, and a file that is a database and ` +
        "that this user may write; set DATA_DIR to another folder or repair this one.",
      error,
    );
  }
}

/**
 * Throws where a backend has stopped because its database was deleted: a service manager starts it again, and it must
 * not begin with an empty database.
 */
function assertNotRescued(dataDir: string): void {
  if (existsSync(join(dataDir, DATABASE_FILE))) return;
  const rescued = readdirSync(dataDir).find((name) => name.startsWith(RESCUED_PREFIX) && name.endsWith(".db"));
  if (rescued === undefined) return;
  throw new StoreError(
    "STORE_LOST",
    `there is no ${join(dataDir, DATABASE_FILE)}, but a copy of it, ${rescued}, which the backend saved when the ` +
      `file was deleted. Put it back with: npm run restore -- ${join(dataDir, rescued)}. To begin with an empty ` +
      "database, move the copy away.",
  );
}
