import type { SQLInputValue, StatementSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import {
  CompiledQuery,
  type DatabaseConnection,
  DeleteQueryNode,
  type DialectAdapter,
  type Driver,
  InsertQueryNode,
  type OperationNode,
  type QueryResult,
  type RootOperationNode,
  SelectQueryNode,
  SqliteAdapter,
  SqliteDialect,
  TableNode,
  UpdateQueryNode,
} from "kysely";
import { asOutage, BUSY_LIMIT_MS, BUSY_RETRY_MS, isBusy, type SqliteConnection } from "./sqlite-connection.ts";

/** Maximum number of prepared statements, more than the program has queries. The least recently used one is dropped. */
const MAX_STATEMENTS = 500;

const BEGIN = CompiledQuery.raw("begin immediate");
const COMMIT = CompiledQuery.raw("commit");
const ROLLBACK = CompiledQuery.raw("rollback");

/** The dialect of the embedded database: Kysely over node:sqlite. */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #connection: SqliteConnection;
  constructor(connection: SqliteConnection) {
    super({ database: () => Promise.reject(new Error("invariant: the driver has the database already")) });
    this.#connection = connection;
  }
  override createAdapter(): DialectAdapter {
    return new NodeSqliteAdapter();
  }
  override createDriver(): Driver {
    return new NodeSqliteDriver(this.#connection);
  }
}

class NodeSqliteAdapter extends SqliteAdapter {
  /** SQLite's changes of tables are transactional, so that all migrations run in one transaction. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
  /** There is one connection. True, because the driver itself gives it to one transaction at a time. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/**
 * Gives the connection to one transaction or query at a time. It then waits for the sync of the log, while the next one
 * uses the connection already, so that a power cut loses nothing that was returned. Queries that only read wait too,
 * because they may have read what is not on disk yet.
 */
class NodeSqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  readonly #queries: Queries;
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#queries = new Queries(connection);
  }
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    const turn = this.#connection.lock.acquire();
    if (turn) await turn;
    return this.#queries;
  }
  async releaseConnection(): Promise<void> {
    const { lock, log } = this.#connection;
    const synced = log?.synced();
    lock.release();
    if (synced) await synced;
  }
  /**
   * Takes the write lock when a transaction begins. A deferred transaction fails when it writes after another process
   * has written since its first read (SQLITE_BUSY_SNAPSHOT), and nearly all transactions here write.
   */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(BEGIN);
  }
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(COMMIT);
  }
  /** On a full disk SQLite has rolled back by itself. A second rollback would fail, and its error hide the reason. */
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#connection.database.isTransaction) await connection.executeQuery(ROLLBACK);
  }
  async destroy(): Promise<void> {
    this.#connection.database.close();
  }
}

/** Runs the queries of the transaction or query that has the connection. */
class Queries implements DatabaseConnection {
  readonly #connection: SqliteConnection;
  readonly #statements = new Map<string, Statement>();
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /**
   * Waits for a lock of another process without blocking this one: SQLite's own busy timeout blocks the thread that
   * serves clients.
   */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { listener, log } = this.#connection;
    for (let waited = 0; ; waited += BUSY_RETRY_MS) {
      try {
        const result = this.#run<R>(query);
        if (!log?.isLate) listener.worked();
        return result;
      } catch (error) {
        if (waited >= BUSY_LIMIT_MS || !isBusy(error)) throw asOutage(error, listener);
        await setTimeout(BUSY_RETRY_MS);
      }
    }
  }

  // biome-ignore lint/correctness/useYield: it is part of Kysely's interface, and nothing here reads a stream
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("invariant: no query of the store is streamed");
  }

  #run<R>({ sql, parameters, query }: CompiledQuery): QueryResult<R> {
    const { statement, isReader } = this.#prepare(sql);
    const values = parameters.map(inputValue);
    if (SelectQueryNode.is(query)) return { rows: statement.all(...values) as R[] };
    this.#countWrite(query);
    const result = isReader ? { rows: statement.all(...values) as R[] } : changesOf<R>(statement, values);
    // outside of a transaction, this query was a write of its own or the end of a transaction
    if (!this.#connection.database.isTransaction) this.#connection.log?.recordCommit();
    return result;
  }

  /** Counts a query that may write. Where its table is not known, it counts for all tables. */
  #countWrite(query: RootOperationNode): void {
    if (query === BEGIN.query || query === COMMIT.query || query === ROLLBACK.query) return;
    const target = writtenTable(query);
    const table = target && TableNode.is(target) ? target.table.identifier.name : undefined;
    for (const counter of this.#connection.counters)
      if (table === undefined || counter.tables.has(table)) counter.count += 1;
  }

  #prepare(sql: string): Statement {
    const statements = this.#statements;
    const known = statements.get(sql);
    if (known) {
      statements.delete(sql);
      statements.set(sql, known);
      return known;
    }
    const statement = this.#connection.database.prepare(sql);
    const prepared = { statement, isReader: statement.columns().length > 0 };
    const [oldest] = statements.size >= MAX_STATEMENTS ? statements.keys() : [];
    if (oldest !== undefined) statements.delete(oldest);
    statements.set(sql, prepared);
    return prepared;
  }
}

interface Statement {
  readonly statement: StatementSync;
  /** Whether it returns rows. */
  readonly isReader: boolean;
}

function changesOf<R>(statement: StatementSync, values: readonly SQLInputValue[]): QueryResult<R> {
  const { changes, lastInsertRowid } = statement.run(...values);
  return { rows: [], insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes) };
}

function writtenTable(query: RootOperationNode): OperationNode | undefined {
  if (InsertQueryNode.is(query)) return query.into;
  if (UpdateQueryNode.is(query)) return query.table;
  return DeleteQueryNode.is(query) ? query.from.froms[0] : undefined;
}

function inputValue(value: unknown): SQLInputValue {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint")
    return value;
  if (value instanceof Uint8Array) return value;
  throw new Error(`invariant: a query parameter is text, a number, bytes or null, not ${typeof value}`);
}
