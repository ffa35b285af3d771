import { chmodSync, closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Dialect } from "kysely";
import { makeDataDir } from "./data-dir.ts";
import { NodeSqliteDialect } from "./sqlite-dialect.ts";
import { StoreError } from "./store-error.ts";

/** The embedded database's file in the data folder. */
export const FILE = "causeway.db";
/** Milliseconds that opening waits for another process's lock; afterwards waiting does not hold up the process (`sqlite-dialect.ts`). */
const BUSY_TIMEOUT = 5000;

/** The embedded database in `dataDir`, made if missing: the folder 0700, the file 0600. Throws a StoreError when it cannot be used. */
export function sqlite(dataDir: string): Dialect {
  const file = join(dataDir, FILE);
  makeDataDir(dataDir);
  try {
    closeSync(openSync(file, "a", 0o600)); // SQLite would make it readable for everybody; its WAL takes over these rights
    chmodSync(file, 0o600);
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true });
    // WAL with NORMAL: a commit survives the death of the process, and readers never wait for the writer
    database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 10;");
    // what is deleted is overwritten in the file, not only taken out of its index
    database.exec("pragma secure_delete = on");
    return new NodeSqliteDialect(database);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot open the database ${file}: ${reason}. It needs a file that is a database and that this user may write; set DATA_DIR to another folder or repair this one.`,
      error,
    );
  }
}
