import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "@jest/globals";
import { type Kysely, sql } from "kysely";
import { BackupError, backUp, restore } from "../../../backend/store/backup.ts";
import { openDatabase } from "../../../backend/store/index.ts";
import { backupForEach } from "./each-test.ts";
import { FEATURES, openStore, type Store } from "./open-store.ts";
import { newSession, newUser } from "./rows.ts";

let dataDir: string;
let file: string;
let root: string;
backupForEach((...made) => {
  [dataDir, file, root] = made;
});

/** Stores the user `uN`, with the name that no other one may have: a row in each of two tables. */
const add = (store: Store, n: number) => store.users.create(newUser(`u${n}`, { createdAt: n }));
const idsOf = async (store: Store) => (await store.users.list(1000)).map(({ id }) => id);

async function started(): Promise<Store> {
  const store = await openStore({ dataDir });
  await add(store, 1);
  return store;
}

test("a backup made while the store is in use has everything acknowledged, and restores it", async () => {
  const store = await started();
  await backUp(dataDir, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await add(store, 2);
  await store.close();

  const { kept } = restore(dataDir, file, FEATURES);
  const back = await openStore({ dataDir });
  expect(statSync(join(dataDir, "causeway.db")).mode & 0o777).toBe(0o600);
  expect(await idsOf(back)).toEqual(["u1"]);
  await back.close();
  const replaced = new DatabaseSync(kept!, { readOnly: true });
  expect(replaced.prepare("select id from users order by id").all()).toEqual([{ id: "u1" }, { id: "u2" }]);
  replaced.close();
});

test("a database in use is not replaced", async () => {
  const store = await started();
  await backUp(dataDir, file);
  await add(store, 2);
  expect(() => restore(dataDir, file, FEATURES)).toThrow(/in use .* stop the backend first/);
  await add(store, 3);
  expect(await idsOf(store)).toEqual(["u1", "u2", "u3"]);
  await store.close();
});

test("restores into an empty folder", async () => {
  await (await started()).close();
  await backUp(dataDir, file);
  const elsewhere = join(root, "new");
  expect(restore(elsewhere, file, FEATURES)).toEqual({ kept: undefined });
  const store = await openStore({ dataDir: elsewhere });
  expect(await idsOf(store)).toEqual(["u1"]);
  await store.close();
});

test("a file that is there is not overwritten, and one that is no good is not restored", async () => {
  await (await started()).close();
  writeFileSync(file, "mine");
  await expect(backUp(dataDir, file)).rejects.toThrow(BackupError);
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect(() => restore(dataDir, file, FEATURES)).toThrow(/is no backup of this database/);
  expect(() => restore(dataDir, join(root, "missing"), FEATURES)).toThrow(/there is no file/);
  await expect(backUp(join(root, "nowhere"), join(root, "b.db"))).rejects.toThrow(/there is no database/);

  const newer = join(root, "newer.db");
  await backUp(dataDir, newer);
  const database = new DatabaseSync(newer);
  database.exec("insert into kysely_migration values ('9999_future', '2030-01-01T00:00:00.000Z')");
  database.close();
  expect(() => restore(dataDir, newer, FEATURES)).toThrow(
    /has the migration 9999_future.* a newer program has used it/,
  );
  const store = await openStore({ dataDir });
  expect(await idsOf(store)).toEqual(["u1"]);
  await store.close();
});

test("a backup of a database that is written to all the time ends, and is of one moment", async () => {
  const store = await started();
  const bytes = Buffer.alloc(4000);
  for (let n = 2; n < 500; n += 1) {
    await add(store, n);
    await store.pictures.set(`u${n}`, "hash", { type: "image/png", bytes }, n); // more than SQLite copies at once
  }
  let n = 500;
  let copied = false;
  const writing = (async () => {
    while (!copied) {
      await add(store, n++);
      await new Promise(setImmediate); // a write of this kind ends without a turn of the event loop
    }
  })();
  try {
    await backUp(dataDir, file);
  } finally {
    copied = true;
    await writing;
  }
  await store.close();
  const copy = new DatabaseSync(file, { readOnly: true });
  const count =
    "select count(*) as users, (select count(distinct owner) from name_keys where kind = 'user') as named from users";
  const counted = copy.prepare(count).get();
  expect(counted?.named).toBe(counted?.users);
  expect(counted?.users).toBeGreaterThanOrEqual(499);
  copy.close();
});

test("what was ended or used after a backup does not come to life with it: sessions, links, the setup link", async () => {
  const store = await started();
  await store.sessions.create(newSession("s1", "u1"));
  const link = { userId: "u1", purpose: "reset", email: "u1@example.org", hash: "h", expiresAt: 10 } as const;
  expect(await store.mailTokens.issue(link, 1)).toEqual({ issued: true });
  await store.keys.replace("setup", "first", 1);
  await store.keys.ensure("refresh", () => "kept", 1);
  await store.close();
  await backUp(dataDir, file);
  restore(dataDir, file, FEATURES);
  const back = await openStore({ dataDir });
  expect(await back.sessions.find("s1")).toBeUndefined();
  expect(await back.mailTokens.find("h", 2)).toBeUndefined();
  expect(await back.keys.list("setup")).toEqual([]);
  expect(await back.keys.list("refresh")).toHaveLength(1);
  await back.close();
});

test("D4: a backup with a feature that was removed is restored only when it is named, and keeps the feature's rows", async () => {
  await (await started()).close();
  const fixture = {
    name: "fixture",
    migrations: {
      "0001_fixture": {
        up: (db: Kysely<unknown>) => db.schema.createTable("fixture").addColumn("id", "text").execute(),
      },
    },
  };
  const { db, close } = await openDatabase({ dataDir }, [...FEATURES, fixture]);
  await sql`insert into fixture (id) values ('weed')`.execute(db);
  await close();
  await backUp(dataDir, file);
  expect(() => restore(dataDir, file, FEATURES)).toThrow(
    /has the migration fixture_0001_fixture.* set UNUSED_FEATURES=fixture/,
  );
  restore(dataDir, file, FEATURES, ["fixture"]);
  const back = await openDatabase({ dataDir }, [...FEATURES, fixture]);
  expect((await sql`select id from fixture`.execute(back.db)).rows).toEqual([{ id: "weed" }]);
  await back.close();
});
