import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { migrations } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import { adviceFor, StoreError } from "./store-error.ts";

/**
 * Brings the tables up to date, all or nothing, under a lock: of several nodes that start at once, one does it and the
 * others wait. Refuses a database that a newer program has changed, because it would not understand it.
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const unknown = (await applied(db)).find((name) => !(name in migrations));
  if (unknown !== undefined) {
    throw new StoreError(
      "STORE_NEWER",
      `the database has the migration ${unknown}, which this program does not know: a newer one has used it. Run ` +
        "that program, or restore a backup from before.",
    );
  }
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === "Error")?.migrationName;
  const what = failed === undefined ? "the database could not be brought up to date" : `the migration ${failed} failed`;
  const reason = error instanceof Error ? error.message : String(error);
  throw new StoreError("STORE_MIGRATION", `${what}: ${reason}. Nothing was changed.${adviceFor(error)}`, error);
}

async function applied(db: Kysely<Schema>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "kysely_migration")) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return rows.map((row) => row.name);
}
