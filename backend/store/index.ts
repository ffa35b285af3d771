import { Kysely, sql } from "kysely";
import { type SessionStore, sessionStore } from "../auth/session-store.ts";
import { type Appender, postgresAppender, sqliteAppender } from "../chat/store/append/index.ts";
import type { Enter } from "../chat/store/entering.ts";
import { enteringPostgres } from "../chat/store/entering-postgres.ts";
import { enteringSqlite } from "../chat/store/entering-sqlite.ts";
import { type MemberStore, memberStore } from "../chat/store/members.ts";
import { type MessageStore, messageStore } from "../chat/store/messages.ts";
import { type ReadMarkStore, readMarkStore } from "../chat/store/read-marks.ts";
import { type ReportStore, reportStore } from "../chat/store/reports.ts";
import { type RoomStore, roomStore } from "../chat/store/rooms.ts";
import { createUsage, type Usage } from "../chat/store/usage.ts";
import type { Throttles } from "../throttle/throttle.ts";
import { memoryThrottles } from "../throttle/throttle-memory.ts";
import { type AuditStore, auditStore } from "../users/audit-store.ts";
import { type MailTokenStore, mailTokenStore } from "../users/mail-token-store.ts";
import { type UserStore, userStore } from "../users/user-store.ts";
import { databaseClock, machineClock, type StoreClock } from "./clock.ts";
import { type EmbeddedDatabase, openEmbedded } from "./embedded.ts";
import { type KeyStore, keyStore } from "./keys.ts";
import { migrate } from "./migrate.ts";
import type { OutageListener } from "./outage.ts";
import { postgres } from "./postgres.ts";
import type { Schema } from "./schema.ts";
import { openSqlite } from "./sqlite.ts";
import { type SqliteConnection, sqliteConnection } from "./sqlite-connection.ts";
import { NodeSqliteDialect } from "./sqlite-dialect.ts";
import { sqliteGroups } from "./sqlite-groups.ts";
import { reasonOf, StoreError } from "./store-error.ts";
import { sharedThrottles } from "./throttles.ts";
import { createWriteCheck } from "./write-check.ts";

export type { SessionHolder, SessionStore, SessionUse } from "../auth/session-store.ts";
export type { Judge } from "../chat/store/append/index.ts";
export type { Entry } from "../chat/store/entering.ts";
export type { Check, Ended, MemberStore } from "../chat/store/members.ts";
export type { MessageRange, MessageStore } from "../chat/store/messages.ts";
export type { Retention } from "../chat/store/retention.ts";
export type { RoomRow, RoomStore } from "../chat/store/rooms.ts";
export type { Issued, MailToken } from "../users/mail-token-store.ts";
export type { NewUser, User, UserStore } from "../users/user-store.ts";
export type { StoreClock } from "./clock.ts";
export { DatabaseAway, type OutageListener } from "./outage.ts";
export { StoreError } from "./store-error.ts";

/** Where the store keeps its data. */
export interface StoreOptions {
  /** Folder of the embedded database. */
  readonly dataDir: string;
  /** PostgreSQL, in the place of the embedded database. */
  readonly databaseUrl?: string | undefined;
  /**
   * For a backend: takes the embedded database for this one alone, watches its files, and checks that it can be
   * written.
   */
  readonly isBackend?: boolean;
  /** Told when the database does not work and when it does. */
  readonly outages?: OutageListener;
}

/** Everything the backend remembers. */
export interface Store {
  /** What every time that is stored, and every time compared with a stored one, is read from. */
  readonly clock: StoreClock;
  readonly keys: KeyStore;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly rooms: RoomStore;
  readonly members: MemberStore;
  readonly messages: MessageStore;
  readonly readMarks: ReadMarkStore;
  readonly reports: ReportStore;
  readonly audit: AuditStore;
  readonly mailTokens: MailTokenStore;
  /** What throttles remember: with PostgreSQL for all nodes, else for this one. */
  readonly throttles: Throttles;
  /** Rejects when the database cannot be written. Asked often, it writes once in five seconds. */
  checkWritable(): Promise<void>;
  /**
   * Resolves when the files of a backend's embedded database were deleted or replaced: then the backend has to stop.
   */
  readonly lost: Promise<StoreError>;
  /** A lost database is saved first; the message of `lost` says where. */
  close(): Promise<void>;
}

/**
 * Opens the store, PostgreSQL where a URL is given and else the embedded database in `dataDir`, and brings its tables
 * up to date. Throws a `StoreError` when the place cannot be used or a newer program has been there.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, dataDir, isBackend = false, outages: listener } = options;
  if (databaseUrl !== undefined)
    return storeOver(new Kysely({ dialect: await postgres(databaseUrl, { listener }) }), POSTGRES, isBackend);
  const embedded = isBackend ? openEmbedded(dataDir, listener) : undefined;
  const connection = embedded?.connection ?? sqliteConnection(openSqlite(dataDir), undefined, listener);
  const dialect = new NodeSqliteDialect(connection);
  return storeOver(new Kysely({ dialect }), sqliteEngine(connection), isBackend, embedded);
}

/** What the two databases do in different ways. */
interface DatabaseOperations {
  /** What writes in groups. */
  readonly writers: (db: Kysely<Schema>, usage: Usage) => { readonly appender: Appender; readonly enter: Enter };
  readonly openClock: (db: Kysely<Schema>) => Promise<StoreClock>;
  readonly throttles: (db: Kysely<Schema>, keys: KeyStore, now: number) => Promise<Throttles>;
}
const POSTGRES: DatabaseOperations = {
  writers: (db, usage) => ({ appender: postgresAppender(db, usage), enter: enteringPostgres(db) }),
  openClock: (db) => databaseClock(() => timeOf(db)),
  throttles: sharedThrottles,
};
const sqliteEngine = (connection: SqliteConnection): DatabaseOperations => ({
  writers(db, usage) {
    const groups = sqliteGroups(connection, db);
    return { appender: sqliteAppender(groups, db, usage), enter: enteringSqlite(groups, db) };
  },
  openClock: async () => machineClock,
  throttles: async () => memoryThrottles(),
});

async function storeOver(
  db: Kysely<Schema>,
  engine: DatabaseOperations,
  isBackend: boolean,
  embedded?: EmbeddedDatabase,
): Promise<Store> {
  const checkWritable = createWriteCheck(async () => {
    await Promise.all([writeSomething(db), embedded?.checkSpace()]);
  });
  const usage = createUsage(db);
  const close = async () => {
    await usage.close();
    try {
      await embedded?.stop();
    } finally {
      await db.destroy();
      await embedded?.release();
    }
  };
  const keys = keyStore(db);
  let clock: StoreClock;
  let throttles: Throttles;
  try {
    clock = await engine.openClock(db);
    await migrate(db);
    throttles = await engine.throttles(db, keys, clock.now());
    if (isBackend) await checkWritable();
    embedded?.startWatching();
  } catch (error) {
    await close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `the database cannot be written: ${reasonOf(error)}. It needs free space and a user that may write to it.`,
      error,
    );
  }
  const { appender, enter } = engine.writers(db, usage);
  return {
    clock,
    keys,
    throttles,
    users: userStore(db, clock.now),
    sessions: sessionStore(db),
    rooms: roomStore(db, usage),
    members: memberStore(db, enter),
    messages: messageStore(db, appender, usage),
    readMarks: readMarkStore(db),
    reports: reportStore(db, usage),
    audit: auditStore(db),
    mailTokens: mailTokenStore(db),
    checkWritable,
    lost: embedded?.lost ?? new Promise(() => {}),
    close,
  };
}

/** The time of a PostgreSQL server, in milliseconds since 1970. */
async function timeOf(db: Kysely<Schema>): Promise<number> {
  const query = sql<{ now: number }>`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`;
  const [row] = (await query.execute(db)).rows;
  if (!row) throw new Error("invariant: a time is one row");
  return row.now;
}

/** Writes a row that no transaction of the backend waits for. */
async function writeSomething(db: Kysely<Schema>): Promise<void> {
  await db
    .insertInto("locks")
    .values({ name: "write-check" })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ name: "write-check" }))
    .execute();
}
