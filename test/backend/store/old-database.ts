import { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import type { DatabaseOptions } from "../../../backend/store/index.ts";
import { postgres } from "../../../backend/store/postgres.ts";
import { openSqlite } from "../../../backend/store/sqlite.ts";
import { sqliteConnection } from "../../../backend/store/sqlite-connection.ts";
import { NodeSqliteDialect } from "../../../backend/store/sqlite-dialect.ts";
import { OLD_MIGRATIONS } from "./old-migrations.ts";

/** Queries of a storage, as no version of the program has them. */
export async function openQueries({ dataDir, databaseUrl }: DatabaseOptions): Promise<Kysely<unknown>> {
  const dialect =
    databaseUrl === undefined
      ? new NodeSqliteDialect(sqliteConnection(openSqlite(dataDir)))
      : await postgres(databaseUrl);
  return new Kysely<unknown>({ dialect });
}

/** Makes a storage as an older version has left it, whose last migration was this one, by the migrator it used. */
export async function oldDatabase(options: DatabaseOptions, last: string): Promise<Kysely<unknown>> {
  const db = await openQueries(options);
  const migrations = Object.fromEntries(Object.entries(OLD_MIGRATIONS).filter(([name]) => name <= last));
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error) throw error;
  return db;
}
