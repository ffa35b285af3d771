/** Steps that several tests of migrations share. */
import { expect } from "@jest/globals";
import type { Kysely } from "kysely";
import { type FeatureTables, type Migrations, openDatabase } from "../../../backend/store/index.ts";
import { openQueries } from "./open-queries.ts";
import { FEATURES } from "./open-store.ts";
import { migrationsOf, schemaOf } from "./schema-of.ts";
import type { TestStorage } from "./test-storage.ts";

/** A migration that creates a table. */
export const table = (name: string): Migrations[string] => ({
  up: (db) => db.schema.createTable(name).addColumn("id", "text").execute(),
});

/** A feature of these tests. Like all of them it has a name that `npm run new` refuses, so that no site has it. */
export const fixture: FeatureTables = { name: "fixture", migrations: { "0001_fixture": table("fixture") } };

/** Opens the database of a storage for these features, as a backend does. */
export const openWithFeatures = (
  { options }: TestStorage,
  features: readonly FeatureTables[],
  unusedFeatures: readonly string[] = [],
) => openDatabase({ ...options, unusedFeatures }, features);

/** Runs something on a storage that no program has open. */
export async function withQueries<T>(storage: TestStorage, use: (db: Kysely<unknown>) => Promise<T>): Promise<T> {
  const db = await openQueries(storage.options);
  try {
    return await use(db);
  } finally {
    await db.destroy();
  }
}

/** The schema of a storage, and the migrations that have run. */
export const schemaAndMigrations = (storage: TestStorage) =>
  withQueries(storage, async (db) => [await schemaOf(db), await migrationsOf(db)]);

/** A start whose last migration fails is refused, and leaves the storage as it is. */
export async function expectFailedMigration(storage: TestStorage): Promise<void> {
  const before = await schemaAndMigrations(storage);
  const broken = { "0001_table": table("fixture_things"), "0002_same": table("fixture_things") };
  await expect(openWithFeatures(storage, [...FEATURES, { ...fixture, migrations: broken }])).rejects.toMatchObject({
    code: "STORE_MIGRATION",
    message: expect.stringMatching(
      /^the migration fixture_0002_same failed: .*fixture_things.*\. Nothing was changed\./,
    ),
  });
  expect(await schemaAndMigrations(storage)).toEqual(before);
}

/** A storage that has a feature which the program does not have is opened only when `unusedFeatures` names it. */
export async function expectOpenedWhenNamed(
  storage: TestStorage,
  features: readonly FeatureTables[],
  name: string,
): Promise<void> {
  await expect(openWithFeatures(storage, features)).rejects.toMatchObject({
    code: "STORE_NEWER",
    message: expect.stringMatching(
      new RegExp(`a program with the feature ${name} has used it\\. .* set UNUSED_FEATURES=${name}, `),
    ),
  });
  await expect(openWithFeatures(storage, features, [`${name}s`])).rejects.toMatchObject({ code: "STORE_NEWER" });
  await (await openWithFeatures(storage, features, [name])).close();
}
