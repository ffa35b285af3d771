import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import {
  CompiledQuery,
  type DatabaseConnection,
  type DialectAdapter,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from "kysely";
import { DatabaseAway, NO_LISTENER, type OutageListener } from "./outage.ts";

/** Prepared statements kept, the least recently used one going first; more than the program has queries. */
const STATEMENTS = 500;

/** Milliseconds between tries for a lock that another process has, and after which it is given up. */
const BUSY_STEP = 5;
const BUSY_LIMIT = 5000;

/** The embedded store's dialect: Kysely over node:sqlite. */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: DatabaseSync;
  readonly #listener: OutageListener;
  constructor(database: DatabaseSync, listener: OutageListener = NO_LISTENER) {
    super({ database: asKyselyExpects(database) });
    this.#database = database;
    this.#listener = listener;
  }
  override createAdapter(): DialectAdapter {
    return new TransactionalSqliteAdapter();
  }
  override createDriver(): SqliteDriver {
    return new PatientSqliteDriver(this.#database, this.#listener);
  }
}

/** SQLite's schema changes are transactional, so the migrator may run in one transaction, which is then its lock. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/**
 * Takes the write lock when a transaction begins: a deferred one would fail when it turns from reading to writing
 * after another process has written (SQLITE_BUSY_SNAPSHOT), and transactions here exist to write. And waits for a lock
 * without holding up the process: SQLite's own busy timeout sleeps in the one thread there is, in which the holder may
 * need to run.
 */
class PatientSqliteDriver extends SqliteDriver {
  readonly #database: DatabaseSync;
  readonly #listener: OutageListener;
  constructor(database: DatabaseSync, listener: OutageListener) {
    super({ database: asKyselyExpects(database) });
    this.#database = database;
    this.#listener = listener;
  }
  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return {
      executeQuery: (query) => patiently(() => connection.executeQuery(query), this.#listener),
      streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
    };
  }
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }
  /** On a full disk SQLite has rolled back by itself. A second rollback would fail, and its error hide the reason. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
  }
}

async function patiently<T>(attempt: () => Promise<T>, listener: OutageListener): Promise<T> {
  for (let waited = 0; ; waited += BUSY_STEP) {
    try {
      const result = await attempt();
      listener.worked();
      return result;
    } catch (error) {
      const code = codeOf(error);
      if (waited >= BUSY_LIMIT || code !== BUSY) throw OUTAGES.includes(code) ? away(error, listener) : error;
      await setTimeout(BUSY_STEP);
    }
  }
}

function away(error: unknown, listener: OutageListener): DatabaseAway {
  const problem = new DatabaseAway(error);
  listener.failed(problem);
  return problem;
}

/** Codes of https://sqlite.org/rescode.html. */
const BUSY = 5;
/** SQLITE_BUSY, READONLY, IOERR, FULL and CANTOPEN: a lock that stays, a disk that is full or has failed. */
const OUTAGES: readonly number[] = [BUSY, 8, 10, 13, 14];

/** The primary code of an error of SQLite's; -1 for any other error. */
function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null && "errcode" in error ? Number(error.errcode) % 256 : -1;
}

function asKyselyExpects(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = statements.get(sql);
      if (known) {
        statements.delete(sql);
        statements.set(sql, known);
        return known;
      }
      const statement = asStatement(database.prepare(sql));
      const [oldest] = statements.size >= STATEMENTS ? statements.keys() : [];
      if (oldest !== undefined) statements.delete(oldest);
      statements.set(sql, statement);
      return statement;
    },
  };
}

function asStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(inputValue)),
    run: (parameters) => statement.run(...parameters.map(inputValue)),
    iterate: (parameters) => statement.iterate(...parameters.map(inputValue)),
  };
}

function inputValue(value: unknown): SQLInputValue {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint")
    return value;
  if (value instanceof Uint8Array) return value;
  throw new Error(`invariant: a query parameter is text, a number, bytes or null, not ${typeof value}`);
}
