import { Socket } from "node:net";
import { type Dialect, type Driver, PostgresDialect } from "kysely";
import pg from "pg";
import type { OutageListener } from "./outage.ts";
import { type DriverOptions, PooledDriver } from "./postgres-driver.ts";
import { StoreError } from "./store-error.ts";

/** Maximum number of connections of one node. */
const MAX_CONNECTIONS = 10;
/** Maximum milliseconds of the wait for a connection. */
const CONNECT_TIMEOUT_MS = 5000;
/** Maximum milliseconds of a statement. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Maximum milliseconds between two statements of a transaction: a node that hangs must not keep locks for longer. */
const IDLE_TIMEOUT_MS = 5000;
/**
 * After so many milliseconds without a byte, a connection is closed. The server would have ended the statement by then,
 * so the network must be cut. Otherwise a query would wait until TCP gives up, a quarter of an hour, and ten such
 * queries would block all connections.
 */
const MAX_SILENCE_MS = 12_000;
/**
 * Maximum milliseconds from the wait for a connection to the commit: a transaction that takes longer is rolled back. A
 * single statement does not take longer either.
 */
const MAX_TRANSACTION_MS = CONNECT_TIMEOUT_MS + STATEMENT_TIMEOUT_MS;
/**
 * After so many milliseconds, a change that a node has begun to store is visible to all nodes, or never will be: the
 * maximum time of a transaction, and of its commit until the connection is closed.
 */
export const WRITE_LIMIT_MS = MAX_TRANSACTION_MS + MAX_SILENCE_MS;

export interface PostgresOptions {
  readonly listener?: OutageListener | undefined;
  /** Replaces `MAX_SILENCE_MS`; 0 is no limit. */
  readonly maxSilenceMs?: number;
  /** Replaces `MAX_TRANSACTION_MS`. */
  readonly maxTransactionMs?: number;
  readonly connections?: number;
}

/** For migrations, which wait for those of another node, and take long with large tables. */
export const MIGRATION_OPTIONS: PostgresOptions = {
  maxSilenceMs: 0,
  maxTransactionMs: Number.POSITIVE_INFINITY,
  connections: 1,
};

/** Connects to PostgreSQL at `url`. Throws a StoreError, without the password, when it cannot be reached. */
export async function connectPostgres(
  url: string,
  {
    listener,
    maxSilenceMs = MAX_SILENCE_MS,
    maxTransactionMs = MAX_TRANSACTION_MS,
    connections = MAX_CONNECTIONS,
  }: PostgresOptions = {},
): Promise<Dialect> {
  const types = new pg.TypeOverrides();
  // times and sequence numbers are far below 2^53; pg would hand out bigint columns as text
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
    application_name: "causeway",
    keepAlive: true,
    stream: () => {
      const socket = new Socket();
      return socket.setTimeout(maxSilenceMs, () => socket.destroy(new Error("the database has stopped responding")));
    },
    types,
  });
  // the pool replaces a broken connection. It emits the errors of idle connections; those of others reject their query.
  // Without a listener an error would end the process
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    const { hostname, port, pathname } = new URL(url);
    const reason = error instanceof Error && error.message !== "" ? error.message : "it cannot be reached";
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot open the database ${pathname.slice(1)} at ${hostname}:${port || 5432}: ${reason}. Check DATABASE_URL ` +
        "and that PostgreSQL runs there.",
    );
  }
  return new PooledDialect(pool, { listener, maxTransactionMs, usesNames: usesNames(url) });
}

class PooledDialect extends PostgresDialect {
  readonly #pool: pg.Pool;
  readonly #options: DriverOptions;
  constructor(pool: pg.Pool, options: DriverOptions) {
    super({ pool });
    this.#pool = pool;
    this.#options = options;
  }
  override createDriver(): Driver {
    return new PooledDriver(this.#pool, this.#options);
  }
}

/** Whether statements are prepared: not with `prepare=no` in the URL, for a proxy that does not support it. */
function usesNames(url: string): boolean {
  return !URL.canParse(url) || new URL(url).searchParams.get("prepare") !== "no";
}
