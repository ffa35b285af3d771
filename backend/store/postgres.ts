import { Socket } from "node:net";
import { type Dialect, type Driver, PostgresDialect } from "kysely";
import pg from "pg";
import type { OutageListener } from "./outage.ts";
import { type DriverOptions, PooledDriver } from "./postgres-driver.ts";
import { StoreError } from "./store-error.ts";

/** Connections of one node. */
const CONNECTIONS = 10;
/** Milliseconds to get a connection, and that a statement may take. */
const CONNECT_TIMEOUT = 5000;
const STATEMENT_TIMEOUT = 10_000;
/** Milliseconds between two statements of a transaction: a node that is frozen must not hold locks for the others. */
const IDLE_TIMEOUT = 5000;
/**
 * Milliseconds after which a connection that carries nothing is given up: the server would have ended the statement by
 * then, so that the way there is cut. Without it a query waits for as long as TCP tries, a quarter of an hour, and ten
 * of them hold all connections.
 */
const SILENCE = 12_000;
/**
 * Milliseconds from the wait for a connection to the commit: a transaction that takes longer is rolled back. A single
 * statement takes no longer either.
 */
const LONGEST = CONNECT_TIMEOUT + STATEMENT_TIMEOUT;
/**
 * Milliseconds after which a change that a node has begun to store is visible to all nodes, or never will be: the
 * longest transaction, and the time that its commit may take until the connection is given up.
 */
export const WRITE_LIMIT_MS = LONGEST + SILENCE;

export interface PostgresOptions {
  readonly listener?: OutageListener | undefined;
  /** In the place of `SILENCE`; 0 waits for ever. */
  readonly silence?: number;
  /** In the place of `LONGEST`. */
  readonly longest?: number;
  readonly connections?: number;
}

/** For migrations: they wait for those of another node, and for the sizes of tables. */
export const PATIENT: PostgresOptions = { silence: 0, longest: Number.POSITIVE_INFINITY, connections: 1 };

/** PostgreSQL at `url`. Throws a StoreError, without the password, when it cannot be reached. */
export async function postgres(
  url: string,
  { listener, silence = SILENCE, longest = LONGEST, connections = CONNECTIONS }: PostgresOptions = {},
): Promise<Dialect> {
  const types = new pg.TypeOverrides();
  // times and sequence numbers are far below 2^53; pg would hand out bigint columns as text
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT,
    application_name: "causeway",
    keepAlive: true,
    stream: () => {
      const socket = new Socket();
      return socket.setTimeout(silence, () => socket.destroy(new Error("the database has stopped answering")));
    },
    types,
  });
  // a connection that dies is replaced. The pool emits the errors of idle ones, queries reject for the others; an error
  // without a listener would end the process
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
  return new PooledDialect(pool, { listener, longest, usesNames: usesNames(url) });
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

/** `prepare=no` in the URL: for a proxy between node and server that does not keep prepared statements. */
function usesNames(url: string): boolean {
  return !URL.canParse(url) || new URL(url).searchParams.get("prepare") !== "no";
}
