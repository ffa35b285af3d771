import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { openDatabase } from "../../../backend/store/index.ts";
import { storageForEach } from "./each-test.ts";
import {
  expectFailedMigration,
  expectOpenedWhenNamed,
  fixture,
  openWithFeatures,
  schemaAndMigrations,
  table,
  withQueries,
} from "./migration-steps.ts";
import { FEATURES, openStore } from "./open-store.ts";
import { migrationsOf, tablesOf } from "./schema-of.ts";
import type { TestStorage } from "./test-storage.ts";

let storage: TestStorage;
storageForEach((made) => {
  storage = made;
});

test("D4: a feature that is added later may have any name and place, and two migrations may have the same number", async () => {
  await (await openStore(storage.options)).close();
  const early = {
    name: "abstract",
    migrations: { "0001_first": table("fixture_firsts"), "0001_other": table("fixture_others") },
  };
  await (await openWithFeatures(storage, [early, ...FEATURES])).close();
  const more = { ...early, migrations: { ...early.migrations, "0002_third": table("fixture_thirds") } };
  const late = { name: "yield", migrations: { "0001_last": table("fixture_lasts") } };
  await (await openWithFeatures(storage, [...FEATURES, late, more])).close();
  expect(await withQueries(storage, tablesOf)).toEqual(
    expect.arrayContaining(["firsts", "others", "thirds", "lasts"].map((name) => `fixture_${name}`)),
  );
  const names = await withQueries(storage, migrationsOf);
  expect(names).toEqual(
    expect.arrayContaining(["abstract_0001_first", "abstract_0001_other", "abstract_0002_third", "yield_0001_last"]),
  );
});

test("D4: the migrations of a feature run after those of the features before it, by their numbers", async () => {
  const ran: string[] = [];
  const noting = (name: string) => ({ up: async () => void ran.push(name) });
  const upper = { name: "void", migrations: { "0002_b": noting("upper 2"), "0001_a": noting("upper 1") } };
  const lower = { name: "any", migrations: { "0001_a": noting("lower 1") } };
  await (await openWithFeatures(storage, [upper, lower])).close();
  await (await openWithFeatures(storage, [upper, lower])).close();
  expect(ran).toEqual(["upper 1", "upper 2", "lower 1"]);
});

test("D4: a migration that fails changes nothing, and the next start goes on", async () => {
  await (await openWithFeatures(storage, FEATURES.slice(0, 1))).close();
  await expectFailedMigration(storage);
  await (await openStore(storage.options)).close();
});

test("D4: without a feature a new database has none of its tables", async () => {
  await (await openWithFeatures(storage, FEATURES)).close();
  const tables = await withQueries(storage, tablesOf);
  expect(tables).toEqual(expect.arrayContaining(["keys", "sessions", "users"]));
  expect(tables).not.toContain("fixture");
});

test("D4: a database with a feature that was removed is opened when UNUSED_FEATURES names it", async () => {
  await (await openWithFeatures(storage, [...FEATURES, fixture])).close();
  await withQueries(storage, (db) => sql`insert into fixture (id) values ('weed')`.execute(db));
  await expectOpenedWhenNamed(storage, FEATURES, "fixture");
  // the feature comes back, and has its rows
  await (await openWithFeatures(storage, [...FEATURES, fixture])).close();
  expect((await withQueries(storage, (db) => sql`select id from fixture`.execute(db))).rows).toEqual([{ id: "weed" }]);
});

test("D4: a newer version of a feature that the program has is refused, whatever UNUSED_FEATURES says", async () => {
  const newer = { ...fixture, migrations: { ...fixture.migrations, "0002_due": table("fixture_due") } };
  await (await openWithFeatures(storage, [...FEATURES, newer])).close();
  await expect(openWithFeatures(storage, [...FEATURES, fixture], ["fixture"])).rejects.toMatchObject({
    code: "STORE_NEWER",
    message: expect.stringContaining(
      "fixture_0002_due, which this program does not know: a newer program has used it.",
    ),
  });
});

test("D7: a database with an unknown migration is refused, and the message names a database to use instead", async () => {
  await (await openWithFeatures(storage, [...FEATURES, fixture])).close();
  const before = await schemaAndMigrations(storage);
  const problem = await openWithFeatures(storage, FEATURES).then(
    () => "",
    ({ message }) => message as string,
  );
  expect(problem).toContain("the migration fixture_0001_fixture, which this program does not know");
  expect(await schemaAndMigrations(storage)).toEqual(before);
  if (storage.options.databaseUrl !== undefined) {
    expect(problem).toMatch(/To start with another database, name it in DATABASE_URL\.$/);
    return;
  }
  const [, other = ""] = /set DATA_DIR=(\S+)$/.exec(problem) ?? [];
  expect(other).toBe(`${storage.options.dataDir}-2`);
  await (await openDatabase({ dataDir: other }, FEATURES)).close();
  await expect(openWithFeatures(storage, FEATURES)).rejects.toThrow(`set DATA_DIR=${storage.options.dataDir}-3`);
  rmSync(other, { recursive: true });
});

test("D7: the folder that the message names can be copied into a shell", async () => {
  const dataDir = join(storage.options.dataDir, "Ada's data");
  await (await openDatabase({ dataDir }, [...FEATURES, fixture])).close();
  const quoted = await openDatabase({ dataDir }, FEATURES).then(
    () => "",
    ({ message }) => /set (DATA_DIR=.*)$/.exec(message)?.[1] ?? "",
  );
  const printed = execFileSync("sh", ["-c", `${quoted} sh -c 'printf %s "$DATA_DIR"'`], { encoding: "utf8" });
  expect(printed).toBe(`${dataDir}-2`);
});
