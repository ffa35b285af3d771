import type { DatabaseSync } from "node:sqlite";
import { type Kysely, sql, type Transaction } from "kysely";
import type { Migration } from "kysely/migration";
import { isPostgres } from "./is-postgres.ts";
import { type Migrations, storeMigrations } from "./migrations.ts";
import { OLD_MIGRATIONS } from "./old-migrations.ts";
import { adviceFor, reasonOf, StoreError } from "./store-error.ts";
import type { StoreTables } from "./tables.ts";

/**
 * Changes what must not be the same in a restored database, for example what was valid when the backup was made. The
 * backup may be of an older version, or from before the program had the feature: tables may be missing.
 */
export type AfterRestore = (copy: DatabaseSync, hasTable: (name: string) => boolean) => void;

/** The part of a feature that the database needs. */
export interface FeatureTables {
  /** Small letters, digits and hyphens. */
  readonly name: string;
  readonly migrations: Migrations;
  readonly afterRestore?: AfterRestore;
}

export interface MigrateOptions {
  /** Features that were removed from the program: the database may have their migrations. */
  readonly unusedFeatures?: readonly string[] | undefined;
  /** The end of a message: how to start the program with another database. */
  readonly otherDatabaseAdvice?: string;
}

/** The table with the names of the migrations that have run. Older programs made it by Kysely's `Migrator`. */
type MigrationTables = StoreTables & { kysely_migration: { name: string; timestamp: string } };

const FEATURE_NAME = /^[a-z][a-z0-9-]*$/;
const MIGRATION_NAME = /^\d{4}_[a-z0-9_]+$/;
/** The recorded name of a migration: that of the feature, and four digits. */
const RECORDED_NAME = /^([a-z][a-z0-9-]*)_\d{4}_/;
/** The store's own tables come first. */
const STORE: FeatureTables = { name: "store", migrations: storeMigrations };

/**
 * Runs the migrations that the database does not have, in one transaction and under a lock: of several nodes that start
 * at once, one runs them and the others wait. The features' migrations run in the order of the features, those of one
 * feature in the order of their names. A feature that is added later may be anywhere in the list.
 *
 * @throws StoreError (STORE_NEWER) when the database has a migration that the program does not know: it was used by a
 * newer program, whose data this one may not understand. (STORE_MIGRATION) when a migration fails. Nothing is changed
 * then.
 */
export async function migrate(
  db: Kysely<StoreTables>,
  features: readonly FeatureTables[],
  options: MigrateOptions = {},
): Promise<void> {
  const known = allMigrations([STORE, ...features]);
  await withMigrationLock(db, async (transaction) => {
    const applied = await appliedMigrations(transaction);
    const unknown = unknownMigrations(applied, features, options.unusedFeatures);
    if (unknown.length > 0) {
      const problem = `the database ${describeUnknown(unknown, features)}`;
      throw new StoreError("STORE_NEWER", [problem, options.otherDatabaseAdvice].join(" ").trimEnd());
    }
    for (const [name, migration] of known) {
      if (applied.has(name)) continue;
      try {
        await migration.up(transaction);
      } catch (error) {
        throw migrationError(`the migration ${name} failed`, error);
      }
      await recordMigrations(transaction, [name]);
    }
  });
}

/** The names of migrations that neither the program nor its unused features have, sorted. */
export function unknownMigrations(
  applied: Iterable<string>,
  features: readonly FeatureTables[],
  unusedFeatures: readonly string[] = [],
): readonly string[] {
  const known = allMigrations([STORE, ...features]);
  const unused = unusedFeatures.filter((name) => !features.some((feature) => feature.name === name));
  return [...applied].filter((name) => !known.has(name) && !unused.includes(featureOf(name) ?? "")).sort();
}

/** The recorded names, in which the names of older programs are replaced by those of today. */
export function currentNames(recorded: Iterable<string>): ReadonlySet<string> {
  return new Set([...recorded].flatMap((name) => OLD_MIGRATIONS[name] ?? [name]));
}

/** The feature's name in the recorded name of a migration; undefined where it has none. */
export const featureOf = (name: string): string | undefined => RECORDED_NAME.exec(name)?.[1];

/** Whether a feature's migration may have this name: `0001_todos`. */
export const isMigrationName = (name: string): boolean => MIGRATION_NAME.test(name);

/** All migrations by their recorded names, in the order in which they run. */
function allMigrations(features: readonly FeatureTables[]): ReadonlyMap<string, Migration> {
  const known = new Map<string, Migration>();
  for (const { name, migrations } of features) {
    if (!FEATURE_NAME.test(name))
      throw new Error(`invariant: ${name} is no name of a feature (${FEATURE_NAME.source})`);
    for (const migrationName of Object.keys(migrations).sort()) {
      if (!isMigrationName(migrationName))
        throw new Error(`invariant: the migration ${migrationName} of ${name} needs a name like 0001_${name}`);
      const migration = migrations[migrationName];
      if (migration) known.set(`${name}_${migrationName}`, migration);
    }
  }
  return known;
}

/**
 * The advisory lock of PostgreSQL (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS) that
 * Kysely's `Migrator` takes, so that nodes of older versions wait too.
 */
const LOCK_ID = 3_853_314_791_062_309_107n;

/**
 * Runs work in a transaction that has the lock of migrations. The lock belongs to the transaction: it works behind a
 * proxy that gives each transaction another connection, and it ends with the transaction, also when the process is
 * killed. SQLite needs no such lock, since only one transaction writes at a time.
 */
async function withMigrationLock(
  db: Kysely<StoreTables>,
  work: (transaction: Transaction<MigrationTables>) => Promise<void>,
) {
  try {
    await db
      .withTables<MigrationTables>()
      .transaction()
      .execute(async (transaction) => {
        if (isPostgres(db)) {
          // no timeouts: migrations of this node, and of another one that has the lock, take long with large tables
          await sql`set local statement_timeout = 0`.execute(transaction);
          await sql`set local lock_timeout = 0`.execute(transaction);
          await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_ID)})`.execute(transaction);
        }
        await work(transaction);
      });
  } catch (error) {
    throw error instanceof StoreError ? error : migrationError("the database could not be brought up to date", error);
  }
}

/** The migrations that have run. Replaces recorded names of older programs by those of today. */
async function appliedMigrations(transaction: Transaction<MigrationTables>): Promise<ReadonlySet<string>> {
  await sql`create table if not exists kysely_migration
    (name varchar(255) not null primary key, timestamp varchar(255) not null)`.execute(transaction);
  const rows = await transaction.selectFrom("kysely_migration").select("name").execute();
  const recorded = rows.map(({ name }) => name);
  const oldNames = recorded.filter((name) => name in OLD_MIGRATIONS);
  if (oldNames.length > 0) {
    await transaction.deleteFrom("kysely_migration").where("name", "in", oldNames).execute();
    await recordMigrations(transaction, [...currentNames(oldNames)]);
  }
  return currentNames(recorded);
}

async function recordMigrations(transaction: Transaction<MigrationTables>, names: readonly string[]): Promise<void> {
  const timestamp = new Date().toISOString();
  const rows = names.map((name) => ({ name, timestamp }));
  await transaction.insertInto("kysely_migration").values(rows).execute();
}

/** The end of a sentence that begins with a database or backup: which unknown migration it has, and what to do. */
export function describeUnknown(unknown: readonly string[], features: readonly FeatureTables[]): string {
  const known = [STORE, ...features].map(({ name }) => name);
  // a migration of a feature that the program has, or of none: only a newer program has made it
  const ofNewerProgram = unknown.find((name) => known.includes(featureOf(name) ?? STORE.name));
  const removedFeatures = [...new Set(unknown.map((name) => featureOf(name) ?? ""))];
  const advice =
    ofNewerProgram === undefined
      ? `a program with the feature ${removedFeatures.join(", ")} has used it. Run that program. If you have removed ` +
        `the feature, set UNUSED_FEATURES=${removedFeatures.join()}, and its tables stay as they are.`
      : "a newer program has used it. Run that program, or restore a backup from before.";
  return `has the migration ${ofNewerProgram ?? unknown[0]}, which this program does not know: ${advice}`;
}

function migrationError(what: string, error: unknown): StoreError {
  const message = `${what}: ${reasonOf(error)}. Nothing was changed.${adviceFor(error)}`;
  return new StoreError("STORE_MIGRATION", message, error);
}
