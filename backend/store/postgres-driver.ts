import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import pg from "pg";
import { NO_LISTENER, type OutageListener, reportOutage } from "./outage.ts";
import type { NamedQuery } from "./prepared.ts";

/** How the driver uses PostgreSQL. */
export interface DriverOptions {
  /** Called after each query: whether the database works. */
  readonly listener?: OutageListener | undefined;
  /** Whether queries that have a name are prepared once for each connection. Without it they are parsed each time. */
  readonly usesNames?: boolean;
  /** Milliseconds from the wait for a connection to the commit: a transaction that takes longer is rolled back. */
  readonly maxTransactionMs?: number;
}

/**
 * Kysely's driver for PostgreSQL. Kysely's own one sends every query without a name, so that the server parses and
 * plans it each time; this one sends a `NamedQuery` by its name. An outage is a `DatabaseAway`.
 */
export class PooledDriver implements Driver {
  readonly #pool: pg.Pool;
  readonly #listener: OutageListener;
  readonly #usesNames: boolean;
  readonly #maxTransactionMs: number;
  readonly #connections = new WeakMap<pg.PoolClient, PooledConnection>();

  constructor(pool: pg.Pool, options: DriverOptions = {}) {
    const { listener = NO_LISTENER, usesNames = true, maxTransactionMs = Number.POSITIVE_INFINITY } = options;
    this.#pool = pool;
    this.#listener = listener;
    this.#usesNames = usesNames;
    this.#maxTransactionMs = maxTransactionMs;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const requestedAt = performance.now();
    // the start has made a connection: when a later one cannot be made, that is an outage, whatever the reason
    const client = await reportOutage(this.#pool.connect(), () => true, this.#listener);
    const known = this.#connections.get(client);
    const connection = known ?? new PooledConnection(client, this.#listener, this.#usesNames);
    if (!known) this.#connections.set(client, connection);
    connection.commitBefore = requestedAt + this.#maxTransactionMs;
    return connection;
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as PooledConnection).release();
  }

  /**
   * Begins a transaction with the isolation level that was asked for, or "read committed": transactions wait for locks
   * and then have to see what the others have committed. The database may have another default.
   */
  async beginTransaction(connection: DatabaseConnection, { isolationLevel }: TransactionSettings): Promise<void> {
    await connection.executeQuery(isolationLevel === undefined ? BEGIN : beginWith(isolationLevel));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PooledConnection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PooledConnection).rollback();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

type IsolationLevel = NonNullable<TransactionSettings["isolationLevel"]>;
const beginWith = (level: IsolationLevel) => CompiledQuery.raw(`begin isolation level ${level}`);
const BEGIN = beginWith("read committed");

class PooledConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #listener: OutageListener;
  readonly #usesNames: boolean;
  /**
   * Time by `performance.now` after which nothing is committed: other nodes no longer look for it (`poll-changes.ts`).
   */
  commitBefore = Number.POSITIVE_INFINITY;
  /** Whether a rollback has failed: then the connection must not be used again. */
  #isBroken = false;

  constructor(client: pg.PoolClient, listener: OutageListener, usesNames: boolean) {
    this.#client = client;
    this.#listener = listener;
    this.#usesNames = usesNames;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { command, rowCount, rows } = await this.#run(query);
    if (!CHANGES.has(command)) return { rows: rows as R[] };
    return { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) };
  }

  streamQuery(): never {
    throw new Error("invariant: no query of the store is streamed");
  }

  async commit(): Promise<void> {
    if (performance.now() > this.commitBefore) {
      const tooLate = new Error("a transaction took too long and was rolled back");
      await reportOutage(Promise.reject(tooLate), isOutage, this.#listener);
    }
    // PostgreSQL ends a transaction in which a statement failed with a rollback, and reports success
    const { command } = await this.#run(COMMIT);
    if (command !== "COMMIT") throw new Error("invariant: a transaction with a failed statement is not committed");
  }

  async rollback(): Promise<void> {
    try {
      await this.#run(ROLLBACK);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  release(): void {
    this.#client.release(this.#isBroken);
  }

  #run({ sql, parameters, statement }: NamedQuery): Promise<pg.QueryResult> {
    const values = parameters as unknown[];
    const result =
      statement !== undefined && this.#usesNames
        ? this.#client.query({ name: statement, text: sql, values })
        : this.#client.query(sql, values);
    return reportOutage(result, isOutage, this.#listener);
  }
}

const COMMIT = CompiledQuery.raw("commit");
const ROLLBACK = CompiledQuery.raw("rollback");
/** Commands of which Kysely reads the number of changed rows. */
const CHANGES: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/**
 * Classes and codes of errors (https://www.postgresql.org/docs/current/errcodes-appendix.html) that do not come from
 * the query itself: the connection, lack of memory, disk or connections, a server that stops or starts, a failed disk,
 * a statement or a transaction that took too long, and a server that only accepts reading queries, as after a failover.
 */
const OUTAGES: readonly string[] = ["08", "53", "57P", "58", "57014", "25P03", "25006"];

/**
 * Whether an error is an outage. Errors without a code are about the connection, but for a `TypeError`, which is a bug.
 */
function isOutage(thrown: unknown): boolean {
  if (!(thrown instanceof pg.DatabaseError)) return thrown instanceof Error && !(thrown instanceof TypeError);
  return OUTAGES.some((code) => thrown.code?.startsWith(code));
}
