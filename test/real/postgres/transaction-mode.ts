import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresDialect,
  type QueryResult,
} from "kysely";
import pg from "pg";

/** Connections of the proxy to the server. */
const CONNECTIONS = 3;

/**
 * PostgreSQL as behind a proxy in transaction mode (PgBouncer): each transaction, and each statement outside of one,
 * has another connection to the server. All nodes share the connections.
 */
export interface TransactionMode {
  /** The database of one more node. */
  node<S>(): Kysely<S>;
  close(): Promise<void>;
}

export async function startTransactionMode(url: string): Promise<TransactionMode> {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  const servers = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()));
  const free = [...servers];
  const waiting: ((server: pg.PoolClient) => void)[] = [];
  const take = async (): Promise<pg.PoolClient> =>
    free.shift() ?? new Promise<pg.PoolClient>((resolve) => waiting.push(resolve));
  const give = (server: pg.PoolClient) => {
    const next = waiting.shift();
    if (next) next(server);
    else free.push(server);
  };

  function connection() {
    let own: pg.PoolClient | undefined;
    const run = async (text: string, values: readonly unknown[] = []) => {
      const server = own ?? (await take());
      try {
        return await server.query(text, [...values]);
      } finally {
        if (!own) give(server);
      }
    };
    const end = (command: string) => async () => {
      await run(command);
      if (own) give(own);
      own = undefined;
    };
    return {
      async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
        return { rows: (await run(sql, parameters)).rows as R[] };
      },
      streamQuery(): never {
        throw new Error("no query is streamed");
      },
      async begin() {
        own = await take();
        await run("begin");
      },
      commit: end("commit"),
      rollback: end("rollback"),
    };
  }

  type Connection = ReturnType<typeof connection>;
  const driver: Driver = {
    init: async () => undefined,
    acquireConnection: async () => connection(),
    beginTransaction: (one: DatabaseConnection) => (one as Connection).begin(),
    commitTransaction: (one: DatabaseConnection) => (one as Connection).commit(),
    rollbackTransaction: (one: DatabaseConnection) => (one as Connection).rollback(),
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  };
  class Dialect extends PostgresDialect {
    override createDriver(): Driver {
      return driver;
    }
  }
  return {
    node: <S>() => new Kysely<S>({ dialect: new Dialect({ pool }) }),
    async close() {
      for (const server of servers) server.release();
      await pool.end();
    },
  };
}
