import { existsSync } from "node:fs";
import { Kysely, sql } from "kysely";
import type { Throttles } from "../throttle/throttle.ts";
import { memoryThrottles } from "../throttle/throttle-memory.ts";
import { databaseClock, machineClock, type StoreClock } from "./clock.ts";
import { type EmbeddedDatabase, openEmbedded } from "./embedded.ts";
import { type KeyStore, keyStore } from "./keys.ts";
import { type FeatureTables, migrate } from "./migrate.ts";
import type { OutageListener } from "./outage.ts";
import { connectPostgres, MIGRATION_OPTIONS } from "./postgres.ts";
import { finishRestore } from "./restore-marks.ts";
import { openSqlite } from "./sqlite.ts";
import { type SqliteConnection, sqliteConnection } from "./sqlite-connection.ts";
import { NodeSqliteDialect } from "./sqlite-dialect.ts";
import { SqliteGroups } from "./sqlite-groups.ts";
import { reasonOf, StoreError } from "./store-error.ts";
import type { StoreTables } from "./tables.ts";
import { sharedThrottles } from "./throttles.ts";
import { createWriteCheck } from "./write-check.ts";

/** Which database is opened, and how. */
export interface DatabaseOptions {
  /** Folder of the embedded database. */
  readonly dataDir: string;
  /** URL of PostgreSQL; undefined for the embedded database. */
  readonly databaseUrl?: string | undefined;
  /**
   * True for a backend: locks the embedded database for this backend alone, watches its files, and checks that it can
   * be written.
   */
  readonly isBackend?: boolean;
  /** Called after each query: whether the database works. */
  readonly outages?: OutageListener;
  /** Features that were removed from the program: their tables in the database stay as they are. */
  readonly unusedFeatures?: readonly string[];
}

/** The open database. Each feature opens its store over it. */
export interface Database {
  /** A feature sees its own tables with `database.db.withTables<TodosTables>()`. */
  readonly db: Kysely<StoreTables>;
  /** The clock for every time that is stored or compared with a stored one. */
  readonly clock: StoreClock;
  readonly keys: KeyStore;
  /** The memory of throttles: with PostgreSQL that of all nodes, else that of this one. */
  readonly throttles: Throttles;
  /** Writes to the embedded database in groups; undefined with PostgreSQL, where `storeInGroups` does that. */
  readonly groups: SqliteGroups | undefined;
  /** Rejects when the database cannot be written. It writes once in five seconds, however often it is called. */
  checkWritable(): Promise<void>;
  /**
   * Resolves when the files of a backend's embedded database were deleted or replaced: then the backend has to stop.
   */
  readonly lost: Promise<StoreError>;
  /** Opens a feature's store. Later calls return the same store. */
  open<S>(store: (database: Database) => S): S;
  /** Adds work that `close` does before it closes the database. */
  beforeClose(work: () => Promise<void>): void;
  /** Closes the database. A lost one is saved before; the message of `lost` has the file's name. */
  close(): Promise<void>;
}

/**
 * Opens the database, PostgreSQL where a URL is given and else the embedded one in `dataDir`, and brings the tables of
 * these features up to date, in the order of the features.
 *
 * @throws StoreError when the database cannot be used, or a newer program has used it
 */
export async function openDatabase(options: DatabaseOptions, features: readonly FeatureTables[]): Promise<Database> {
  const { databaseUrl, dataDir, isBackend = false, outages: listener } = options;
  if (databaseUrl !== undefined) {
    const db = new Kysely<StoreTables>({ dialect: await connectPostgres(databaseUrl, { listener }) });
    return prepareDatabase({ db, connection: undefined, embedded: undefined, isBackend }, features, options);
  }
  const embedded = isBackend ? openEmbedded(dataDir, listener) : undefined;
  const connection = embedded?.connection ?? sqliteConnection(openSqlite(dataDir), undefined, listener);
  const db = new Kysely<StoreTables>({ dialect: new NodeSqliteDialect(connection) });
  return prepareDatabase({ db, connection, embedded, isBackend }, features, options);
}

interface OpenDatabase {
  readonly db: Kysely<StoreTables>;
  /** Undefined with PostgreSQL. */
  readonly connection: SqliteConnection | undefined;
  readonly embedded: EmbeddedDatabase | undefined;
  readonly isBackend: boolean;
}

/** Brings the tables up to date, and closes the database when that fails. */
async function prepareDatabase(
  open: OpenDatabase,
  features: readonly FeatureTables[],
  options: DatabaseOptions,
): Promise<Database> {
  const { db, connection, embedded, isBackend } = open;
  const groups = connection && new SqliteGroups(connection);
  const checkWritable = createWriteCheck(async () => {
    await Promise.all([writeSomething(db), embedded?.checkSpace()]);
  });
  const closingWork: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closingWork) await end();
    try {
      await embedded?.stop();
    } finally {
      await db.destroy();
      await embedded?.release();
    }
  };
  const keys = keyStore(db);
  try {
    const clock = groups ? machineClock : await databaseClock(() => readTime(db));
    if (connection) await finishRestore(db, connection.database, features);
    await bringUpToDate(db, features, options);
    const throttles = groups ? memoryThrottles() : await sharedThrottles(db, keys, clock.now());
    if (isBackend) await checkWritable();
    embedded?.startWatching();
    const lost = embedded?.lost ?? new Promise<StoreError>(() => {});
    const beforeClose = (work: () => Promise<void>) => void closingWork.push(work);
    const stores = new Map<unknown, unknown>();
    const database: Database = {
      ...{ db, clock, keys, throttles, groups, checkWritable, lost, beforeClose, close },
      open<S>(store: (database: Database) => S): S {
        if (!stores.has(store)) stores.set(store, store(database));
        return stores.get(store) as S;
      },
    };
    return database;
  } catch (error) {
    await close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `the database cannot be written: ${reasonOf(error)}. It needs free space and a user that may write to it.`,
      error,
    );
  }
}

/** Brings the tables up to date; with PostgreSQL over a connection of its own, which waits as long as that takes. */
async function bringUpToDate(
  db: Kysely<StoreTables>,
  features: readonly FeatureTables[],
  options: DatabaseOptions,
): Promise<void> {
  const { databaseUrl, unusedFeatures } = options;
  const rules = { unusedFeatures, otherDatabaseAdvice: adviceForOtherDatabase(options) };
  if (databaseUrl === undefined) return migrate(db, features, rules);
  const patient = new Kysely<StoreTables>({ dialect: await connectPostgres(databaseUrl, MIGRATION_OPTIONS) });
  try {
    await migrate(patient, features, rules);
  } finally {
    await patient.destroy();
  }
}

/** The end of a message: how to start the program with another database, so that this one stays as it is. */
function adviceForOtherDatabase({ databaseUrl, dataDir }: DatabaseOptions): string {
  if (databaseUrl !== undefined) return "To start with another database, name it in DATABASE_URL.";
  let number = 2;
  while (existsSync(`${dataDir}-${number}`)) number += 1;
  return `To start with an empty database and keep this one, set DATA_DIR=${toShellWord(`${dataDir}-${number}`)}`;
}

/** A path as a word of a POSIX shell. */
const toShellWord = (path: string): string =>
  /^[\w@%+:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

/** The time of a PostgreSQL server, in milliseconds since 1970. */
async function readTime(db: Kysely<StoreTables>): Promise<number> {
  const query = sql<{ now: number }>`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`;
  const [row] = (await query.execute(db)).rows;
  if (!row) throw new Error("invariant: a time is one row");
  return row.now;
}

/** Writes a row that no transaction of the backend waits for. */
async function writeSomething(db: Kysely<StoreTables>): Promise<void> {
  await db
    .insertInto("locks")
    .values({ name: "write-check" })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ name: "write-check" }))
    .execute();
}
