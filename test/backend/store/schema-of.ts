import { type Kysely, sql } from "kysely";
import { isPostgres } from "../../../backend/store/is-postgres.ts";

/** Everything that a database has except rows: tables, columns, indexes, constraints, functions. */
export async function schemaOf(db: Kysely<unknown>): Promise<readonly unknown[]> {
  if (!isPostgres(db)) {
    // how Kysely's migrator and this program write the table of the migrations
    const own = sql`select type, name, tbl_name, sql from sqlite_schema where tbl_name not like 'kysely_%' order by name`;
    return (await own.execute(db)).rows;
  }
  const { rows } = await sql`
    select table_name as place, column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as what
      from information_schema.columns where table_schema = 'public' and table_name not like 'kysely_%'
    union all select tablename, indexdef from pg_indexes where schemaname = 'public' and tablename not like 'kysely_%'
    union all select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
      where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'kysely_%'
    union all select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace
    order by place, what`.execute(db);
  return rows;
}

/** The names of the migrations that have run. */
export async function migrationsOf(db: Kysely<unknown>): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

/** The names of the tables. */
export async function tablesOf(db: Kysely<unknown>): Promise<readonly string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name).sort();
}
