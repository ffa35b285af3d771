import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openStore, StoreError } from "./open-store.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-store-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

test("makes its folder for its user alone, and every file in it", async () => {
  const dataDir = join(root, "deep", "data");
  const store = await openStore({ dataDir });
  await store.users.list(1);
  expect(mode(dataDir)).toBe(0o700);
  const files = readdirSync(dataDir);
  expect(files).toEqual(expect.arrayContaining(["causeway.db", "causeway.db-wal"]));
  for (const file of files) expect([file, mode(join(dataDir, file))]).toEqual([file, 0o600]);
  await store.close();
});

test("a folder that was open to others is closed to them", async () => {
  const dataDir = join(root, "data");
  mkdirSync(dataDir, { mode: 0o755 });
  writeFileSync(join(dataDir, "causeway.db"), "", { mode: 0o644 });
  const store = await openStore({ dataDir });
  expect(mode(dataDir)).toBe(0o700);
  expect(mode(join(dataDir, "causeway.db"))).toBe(0o600);
  await store.close();
});

test("opens again what it has made, and two may have it open", async () => {
  const [one, two] = await Promise.all([openStore({ dataDir: root }), openStore({ dataDir: root })]);
  const keys = await Promise.all([one, two].map((store, at) => store.keys.ensure("refresh", () => `made by ${at}`, 1)));
  expect(keys[0]).toEqual(keys[1]);
  expect(keys[0]).toHaveLength(1);
  await Promise.all([one.close(), two.close()]);
  const again = await openStore({ dataDir: root });
  expect(await again.keys.ensure("refresh", () => "another", 2)).toEqual(keys[0]);
  await again.close();
});

test("refuses a database that a newer program has changed, and leaves it as it is", async () => {
  await (await openStore({ dataDir: root })).close();
  const database = new DatabaseSync(join(root, "causeway.db"));
  database.exec("insert into kysely_migration values ('9999_future', '2030-01-01T00:00:00.000Z')");
  database.close();
  await expect(openStore({ dataDir: root })).rejects.toMatchObject({
    code: "STORE_NEWER",
    message: expect.stringContaining("9999_future"),
  });
});

test("a migration that fails leaves nothing behind, and the next start can do it", async () => {
  const database = new DatabaseSync(join(root, "causeway.db"));
  database.exec("create table sessions (x)");
  await expect(openStore({ dataDir: root })).rejects.toMatchObject({
    code: "STORE_MIGRATION",
    message: expect.stringContaining("auth_0001_sessions"),
  });
  const tables = database.prepare("select name from sqlite_schema where type = 'table' and name = 'users'").all();
  expect(tables).toEqual([]);
  database.exec("drop table sessions");
  database.close();
  await (await openStore({ dataDir: root })).close();
});

test.each([
  ["a file where the folder should be", () => writeFileSync(join(root, "data"), "")],
  ["a folder where the file should be", () => mkdirSync(join(root, "data", "causeway.db"), { recursive: true })],
  [
    "a file that is no database",
    () => {
      mkdirSync(join(root, "data"));
      writeFileSync(join(root, "data", "causeway.db"), "not a database, and long enough to look like one ".repeat(30));
    },
  ],
])("%s is one clear message", async (_, arrange) => {
  arrange();
  const failure = openStore({ dataDir: join(root, "data") });
  await expect(failure).rejects.toBeInstanceOf(StoreError);
  await expect(failure).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringMatching(/data folder .*data: it is not a folder|causeway\.db/),
  });
});
