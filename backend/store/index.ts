import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Kysely } from "kysely";
import { type AuditStore, auditStore } from "./audit.ts";
import { type KeyStore, keyStore } from "./keys.ts";
import { type MessageStore, messageStore } from "./messages.ts";
import { migrate } from "./migrate.ts";
import type { Schema } from "./schema.ts";
import { type SessionStore, sessionStore } from "./sessions.ts";
import { NodeSqliteDialect } from "./sqlite-dialect.ts";
import { StoreError } from "./store-error.ts";
import { type UserStore, userStore } from "./users.ts";

export type { MessageStore, RoomPosition } from "./messages.ts";
export type { SessionHolder, SessionStore, SessionUse } from "./sessions.ts";
export { StoreError } from "./store-error.ts";
export type { User, UserStore } from "./users.ts";

/** Everything the backend remembers. */
export interface Store {
  readonly keys: KeyStore;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly messages: MessageStore;
  readonly audit: AuditStore;
  close(): Promise<void>;
}

const FILE = "causeway.db";
/** Milliseconds that opening waits for another process's lock; afterwards waiting does not hold up the process (`sqlite-dialect.ts`). */
const BUSY_TIMEOUT = 5000;

/**
 * Opens the embedded store in `dataDir` (made if missing, 0700, the file 0600) and brings its tables up to date. Throws a `StoreError`
 * when the place cannot be used or a newer program has been there.
 */
export async function openStore(options: { readonly dataDir: string }): Promise<Store> {
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(openDatabase(options.dataDir)) });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    keys: keyStore(db),
    users: userStore(db),
    sessions: sessionStore(db),
    messages: messageStore(db),
    audit: auditStore(db),
    close: () => db.destroy(),
  };
}

function openDatabase(dataDir: string): DatabaseSync {
  const file = join(dataDir, FILE);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    chmodSync(dataDir, 0o700);
    closeSync(openSync(file, "a", 0o600)); // SQLite would make it readable for everybody; its WAL takes over these rights
    chmodSync(file, 0o600);
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true });
    // WAL with NORMAL: a commit survives the death of the process, and readers never wait for the writer
    database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 10;");
    return database;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot open the database ${file}: ${reason}. It needs a folder that this user may write to and a file that is a database; set DATA_DIR to another folder or repair this one.`,
      error,
    );
  }
}
