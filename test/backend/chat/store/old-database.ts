import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import type { DatabaseOptions } from "../../../../backend/store/index.ts";
import { openQueries } from "../../store/open-queries.ts";
import { OLD_MIGRATIONS } from "./old-migrations.ts";

/** Makes a storage as an older version has left it, whose last migration was this one, by the migrator it used. */
export async function oldDatabase(options: DatabaseOptions, last: string): Promise<Kysely<unknown>> {
  const db = await openQueries(options);
  const migrations = Object.fromEntries(Object.entries(OLD_MIGRATIONS).filter(([name]) => name <= last));
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error) throw error;
  return db;
}
