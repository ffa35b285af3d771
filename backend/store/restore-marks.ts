import type { DatabaseSync } from "node:sqlite";
import type { Kysely } from "kysely";
import type { FeatureTables } from "./migrate.ts";
import type { StoreTables } from "./tables.ts";

/*
 * A backup may have tables of a feature that was removed from the program (UNUSED_FEATURES). Their contents stay as
 * they were when the backup was made, until a program that has the feature opens the database.
 */

/** The table with the features that have not handled a restore. It is created when it is needed. */
const UNHANDLED_TABLE = "unhandled_restores";

/** Stores in a restored database that `afterRestore` of these features has not run. */
export function markRestored(copy: DatabaseSync, features: Iterable<string>): void {
  for (const feature of features) {
    copy.exec(`create table if not exists ${UNHANDLED_TABLE} (feature text primary key)`);
    copy.prepare(`insert or ignore into ${UNHANDLED_TABLE} values (?)`).run(feature);
  }
}

/** Runs `afterRestore` of each feature in a restored database. */
export function handleRestore(copy: DatabaseSync, features: readonly FeatureTables[]): void {
  for (const { afterRestore } of features) afterRestore?.(copy, (name) => hasTable(copy, name));
}

/** Runs `afterRestore` in an open database, for features that the program did not have when it was restored. */
export async function finishRestore(
  db: Kysely<StoreTables>,
  database: DatabaseSync,
  features: readonly FeatureTables[],
): Promise<void> {
  if (!hasTable(database, UNHANDLED_TABLE)) return;
  await db.transaction().execute(async () => {
    const marked = new Set(
      database
        .prepare(`select feature from ${UNHANDLED_TABLE}`)
        .all()
        .map(({ feature }) => feature),
    );
    const returned = features.filter(({ name }) => marked.has(name));
    handleRestore(database, returned);
    for (const { name } of returned) database.prepare(`delete from ${UNHANDLED_TABLE} where feature = ?`).run(name);
  });
}

const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("select 1 from sqlite_schema where type = 'table' and name = ?").get(name) !== undefined;
