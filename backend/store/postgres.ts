import { Socket } from "node:net";
import { type DatabaseConnection, type Dialect, type Driver, PostgresDialect, PostgresDriver } from "kysely";
import pg from "pg";
import { NO_LISTENER, type OutageListener, watchConnection, watched } from "./outage.ts";
import { StoreError } from "./store-error.ts";

/** Connections of one node. */
const CONNECTIONS = 10;
/** Milliseconds to get a connection, and that a statement may take. */
const CONNECT_TIMEOUT = 5000;
const STATEMENT_TIMEOUT = 10_000;
/**
 * Milliseconds after which a connection that carries nothing is given up: the server would have ended the statement by then, so that the
 * way there is cut. Without it a query waits for as long as TCP tries, a quarter of an hour, and ten of them hold all connections.
 */
const SILENCE = 12_000;

/** PostgreSQL at `url`. Throws a StoreError, without the password, when it cannot be reached. */
export async function postgres(
  url: string,
  { silence = SILENCE, listener = NO_LISTENER }: { silence?: number; listener?: OutageListener | undefined } = {},
): Promise<Dialect> {
  const types = new pg.TypeOverrides();
  // times and sequence numbers are far below 2^53; pg would hand out bigint columns as text
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
    application_name: "causeway",
    stream: () => {
      const socket = new Socket();
      return socket.setTimeout(silence, () => socket.destroy(new Error("the database has stopped answering")));
    },
    types,
  });
  // a connection that dies is replaced: idle ones are told by the pool, those at work by themselves; an error without a listener
  // would end the process
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
      `cannot open the database ${pathname.slice(1)} at ${hostname}:${port || 5432}: ${reason}. Check DATABASE_URL and that PostgreSQL runs there.`,
    );
  }
  return new WatchedDialect(pool, listener);
}

class WatchedDialect extends PostgresDialect {
  readonly #pool: pg.Pool;
  readonly #listener: OutageListener;
  constructor(pool: pg.Pool, listener: OutageListener) {
    super({ pool });
    this.#pool = pool;
    this.#listener = listener;
  }
  override createDriver(): Driver {
    return new WatchedDriver(this.#pool, this.#listener);
  }
}

class WatchedDriver extends PostgresDriver {
  readonly #listener: OutageListener;
  readonly #watched = new WeakSet<DatabaseConnection>();
  constructor(pool: pg.Pool, listener: OutageListener) {
    super({ pool });
    this.#listener = listener;
  }
  override async acquireConnection(
    ...options: Parameters<PostgresDriver["acquireConnection"]>
  ): Promise<DatabaseConnection> {
    // the first connection was made at the start: one that cannot be made now is an outage, whatever the reason
    const connection = await watched(super.acquireConnection(...options), () => true, this.#listener);
    if (this.#watched.has(connection)) return connection;
    this.#watched.add(connection);
    return watchConnection(connection, isOutage, this.#listener);
  }
}

/**
 * Classes and codes of errors (https://www.postgresql.org/docs/current/errcodes-appendix.html) that say nothing about
 * the query: the connection, want of memory, disk or connections, a server that stops or starts, a failed disk; a
 * statement that took too long, and a server that only answers reading queries, as after a failover.
 */
const OUTAGES: readonly string[] = ["08", "53", "57P", "58", "57014", "25006"];

/** Errors of the driver that are not the server's are about the connection; those of our own are `TypeError`s. */
function isOutage(thrown: unknown): boolean {
  if (!(thrown instanceof pg.DatabaseError)) return thrown instanceof Error && !(thrown instanceof TypeError);
  return OUTAGES.some((code) => thrown.code?.startsWith(code));
}
