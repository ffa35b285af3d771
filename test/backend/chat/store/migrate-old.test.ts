import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { storageForEach } from "../../store/each-test.ts";
import {
  expectFailedMigration,
  expectOpenedWhenNamed,
  schemaAndMigrations,
  withQueries,
} from "../../store/migration-steps.ts";
import { FEATURES, openStore } from "../../store/open-store.ts";
import { migrationsOf } from "../../store/schema-of.ts";
import { type TestStorage, testStorage } from "../../store/test-storage.ts";
import { oldDatabase } from "./old-database.ts";
import { OLD_MIGRATIONS } from "./old-migrations.ts";

/*
 * Databases of versions that did not name migrations by feature: they have the tables of the chat.
 */

let storage: TestStorage;
storageForEach((made) => {
  storage = made;
});

test.each(Object.keys(OLD_MIGRATIONS))(
  "D4: a database of the version that ended with %s becomes what a new one is",
  async (last) => {
    const fresh = await testStorage();
    await (await openStore(fresh.options)).close();
    await (await oldDatabase(storage.options, last)).destroy();
    await (await openStore(storage.options)).close();
    expect(await schemaAndMigrations(storage)).toEqual(await schemaAndMigrations(fresh));
    await fresh.remove();
  },
);

test("D4: several nodes that open an old database at once bring it up to date once, and lose nothing", async () => {
  const old = await oldDatabase(storage.options, "0005_rooms");
  await sql`insert into users (id, email, name, password_hash, role, created_at)
    values ('ada', 'ada@example.org', 'Ada', 'x', 'user', 5)`.execute(old);
  await sql`insert into rooms (name, epoch, seq, created_at) values ('garden', 'first', 1, 7)`.execute(old);
  await sql`insert into messages (room, seq, author_id, client_id, text, at)
    values ('garden', 1, 'ada', 'c1', 'hello', 8)`.execute(old);
  await old.destroy();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(storage.options)));
  for (const store of stores) {
    expect(await store.users.find("ada")).toMatchObject({ name: "Ada" });
    expect(await store.messages.after("garden", 0, 9)).toMatchObject([{ text: "hello", seq: 1, epoch: "first" }]);
    await store.close();
  }
  const names = await withQueries(storage, migrationsOf);
  expect(names.filter((name) => name.startsWith("0"))).toEqual([]);
  expect(names).toEqual([...new Set(names)]);
});

test("D4: a migration that fails changes nothing, not even the old names, and the next start goes on", async () => {
  await (await oldDatabase(storage.options, "0004_read_marks")).destroy();
  await expectFailedMigration(storage);
  const store = await openStore(storage.options);
  expect(await store.rooms.findStanding("lobby", "ada")).toBeUndefined();
  await store.close();
});

const withoutChat = FEATURES.filter(({ name }) => name !== "chat");

test.each(["by this program", "by an older version"])(
  "D4: a database with a feature that was removed, made %s, is opened when UNUSED_FEATURES names it",
  async (by) => {
    if (by === "by this program") await (await openStore(storage.options)).close();
    else await (await oldDatabase(storage.options, "0012_enter_rooms")).destroy();
    await withQueries(storage, (db) =>
      sql`insert into rooms (name, epoch, seq, created_at) values ('garden', 'first', 0, 7)`.execute(db),
    );
    await expectOpenedWhenNamed(storage, withoutChat, "chat");
    // the feature comes back, and has its rows
    const store = await openStore(storage.options);
    expect(await store.rooms.positions(["garden"])).toMatchObject([{ room: "garden", epoch: "first" }]);
    await store.close();
  },
);
