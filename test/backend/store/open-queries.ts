import { Kysely } from "kysely";
import type { DatabaseOptions } from "../../../backend/store/index.ts";
import { connectPostgres } from "../../../backend/store/postgres.ts";
import { openSqlite } from "../../../backend/store/sqlite.ts";
import { sqliteConnection } from "../../../backend/store/sqlite-connection.ts";
import { NodeSqliteDialect } from "../../../backend/store/sqlite-dialect.ts";

/** Queries of a storage, as no version of the program has them. */
export async function openQueries({ dataDir, databaseUrl }: DatabaseOptions): Promise<Kysely<unknown>> {
  const dialect =
    databaseUrl === undefined
      ? new NodeSqliteDialect(sqliteConnection(openSqlite(dataDir)))
      : await connectPostgres(databaseUrl);
  return new Kysely<unknown>({ dialect });
}
