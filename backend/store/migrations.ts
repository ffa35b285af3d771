import { type ColumnDefinitionBuilder, type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { isPostgres } from "./is-postgres.ts";

/**
 * The migrations of a feature, by name. A name begins with four digits, for example `0002_due_dates`; they run in the
 * order of their names. The database records them with the feature's name (`todos_0002_due_dates`). A migration that
 * was released never changes. Both databases get the same tables, except for those that only nodes with a common
 * database need. A migration may use tables of features that are listed before its own.
 */
export type Migrations = Readonly<Record<string, Migration>>;

/** The store's own tables. */
export const storeMigrations: Migrations = {
  "0001_keys": { up: keys },
  "0002_locks": { up: locks },
  "0003_throttles": { up: throttles },
};

async function keys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("keys")
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("material", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("retired_at", "bigint")
    .addPrimaryKeyConstraint("keys_pk", ["purpose", "generation"])
    .execute();
}

async function locks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("locks")
    .addColumn("name", "text", (column) => column.primaryKey())
    .execute();
}

/**
 * The memory of throttles that all nodes share, one row for a key. A node with the embedded database is alone, and has
 * it in its own memory. The table is unlogged (https://www.postgresql.org/docs/current/sql-createtable.html): a commit
 * does not wait for the disk, backups have no copy of it, and a crash of PostgreSQL empties it.
 */
async function throttles(db: Kysely<unknown>): Promise<void> {
  if (!isPostgres(db)) return;
  const zero = (column: ColumnDefinitionBuilder) => column.notNull().defaultTo(0);
  await db.schema
    .createTable("throttles")
    .modifyFront(sql`unlogged`)
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("count", "bigint", zero)
    .addColumn("until", "bigint", zero)
    .addColumn("at", "bigint", zero)
    .addColumn("expires_at", "bigint", zero)
    .addColumn("turns", "text")
    .execute();
}
