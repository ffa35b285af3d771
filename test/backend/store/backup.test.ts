import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "kysely";
import { BackupError, backUp, restore } from "../../../backend/store/backup.ts";
import { openDatabase } from "../../../backend/store/index.ts";
import { oldDatabase } from "./old-database.ts";
import { FEATURES, openStore, type Store } from "./open-store.ts";

let root: string;
let dataDir: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-backup-"));
  dataDir = join(root, "data");
  file = join(root, "backup.db");
});
afterEach(() => rmSync(root, { recursive: true }));

const say = (store: Store, n: number) =>
  store.messages.append({ room: "lobby", authorId: "ada", clientId: `c${n}`, text: `t${n}`, at: n }, () => undefined);

async function started(): Promise<Store> {
  const store = await openStore({ dataDir });
  const facts = { email: "ada@example.org", name: "Ada", passwordHash: "x", role: "user", createdAt: 1 } as const;
  await store.users.create({ id: "ada", disabledAt: null, ...facts });
  await say(store, 1);
  return store;
}

test("a backup made while the store is in use has everything acknowledged, and restores it", async () => {
  const store = await started();
  const before = await store.rooms.standing("lobby", "ada");
  await backUp(dataDir, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await say(store, 2);
  await store.close();

  const { kept } = restore(dataDir, file, FEATURES);
  const back = await openStore({ dataDir });
  expect(statSync(join(dataDir, "causeway.db")).mode & 0o777).toBe(0o600);
  expect((await back.messages.after("lobby", 0, 10)).map(({ text }) => text)).toEqual(["t1"]);
  // a client that has seen t2 as number 2 must not take the next number 2 for it
  expect((await back.rooms.standing("lobby", "ada"))?.room.epoch).not.toBe(before?.room.epoch);
  await back.close();
  const replaced = new DatabaseSync(kept!, { readOnly: true });
  expect(replaced.prepare("select text from messages order by seq").all()).toEqual([{ text: "t1" }, { text: "t2" }]);
  replaced.close();
});

test("H4: a feature that the program did not have when a backup was restored handles the restore when it is back", async () => {
  const store = await started();
  const before = await store.rooms.standing("lobby", "ada");
  await store.close();
  await backUp(dataDir, file);
  const others = FEATURES.filter(({ name }) => name !== "chat");
  restore(dataDir, file, others, ["chat"]);
  const epoch = async () => {
    const back = await openStore({ dataDir });
    const standing = await back.rooms.standing("lobby", "ada");
    await back.close();
    return standing?.room.epoch;
  };
  await (await openDatabase({ dataDir, unusedFeatures: ["chat"] }, others)).close();
  const restored = await epoch();
  expect(restored).not.toBe(before?.room.epoch);
  // once
  expect(await epoch()).toBe(restored);
});

test("a database in use is not replaced", async () => {
  const store = await started();
  await backUp(dataDir, file);
  await say(store, 2);
  expect(() => restore(dataDir, file, FEATURES)).toThrow(/in use .* stop the backend first/);
  await say(store, 3);
  expect(await store.messages.after("lobby", 0, 10)).toHaveLength(3);
  await store.close();
});

test("restores into an empty folder", async () => {
  await (await started()).close();
  await backUp(dataDir, file);
  const elsewhere = join(root, "new");
  expect(restore(elsewhere, file, FEATURES)).toEqual({ kept: undefined });
  const store = await openStore({ dataDir: elsewhere });
  expect(await store.users.find("ada")).toMatchObject({ name: "Ada" });
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
  expect(await store.messages.after("lobby", 0, 10)).toHaveLength(1);
  await store.close();
});

test("a backup of a database that is written to all the time ends, and is of one moment", async () => {
  const store = await started();
  const text = "x".repeat(4000);
  for (
    let n = 2;
    n < 500;
    n += 1 // more than SQLite copies at once
  )
    await store.messages.append({ room: "lobby", authorId: "ada", clientId: `c${n}`, text, at: n }, () => undefined);
  let n = 500;
  let copied = false;
  const writing = (async () => {
    while (!copied) await say(store, n++);
  })();
  try {
    await backUp(dataDir, file);
  } finally {
    copied = true;
    await writing;
  }
  await store.close();
  const copy = new DatabaseSync(file, { readOnly: true });
  const [room] = copy.prepare("select seq, (select count(*) from messages) as messages from rooms").all();
  expect(room?.seq).toBe(room?.messages);
  expect(room?.messages).toBeGreaterThanOrEqual(499);
  copy.close();
});

test("what was ended or used after a backup does not come to life with it: sessions, links, the setup link", async () => {
  const store = await started();
  const session = {
    id: "s1",
    userId: "ada",
    refreshHash: "r",
    previousHash: null,
    address: null,
    agent: null,
  } as const;
  await store.sessions.create({ ...session, rotatedAt: 1, createdAt: 1, usedAt: 1, endedAt: null });
  const link = { userId: "ada", purpose: "reset", email: "ada@example.org", hash: "h", expiresAt: 10 } as const;
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

test.each(["0001_road", "0004_read_marks", "0012_enter_rooms"])(
  "D4: a backup of the version that ended with %s is restored, and its rooms start new epochs",
  async (last) => {
    const old = await oldDatabase({ dataDir }, last);
    await sql`insert into rooms (name, epoch, seq, created_at) values ('garden', 'first', 4, 7)`.execute(old);
    await old.destroy();
    await backUp(dataDir, file);
    restore(dataDir, file, FEATURES);
    const store = await openStore({ dataDir });
    const [garden] = await store.rooms.positions(["garden"]);
    expect(garden).toMatchObject({ seq: 4, epoch: expect.not.stringMatching(/^first$/) });
    await store.close();
  },
);

test("D4: a backup with a feature that was removed is restored only when it is named, and keeps the feature's rows", async () => {
  await (await started()).close();
  await backUp(dataDir, file);
  const others = FEATURES.filter(({ name }) => name !== "chat");
  expect(() => restore(dataDir, file, others)).toThrow(/has the migration chat_0001_rooms.* set UNUSED_FEATURES=chat/);
  restore(dataDir, file, others, ["chat"]);
  const store = await openStore({ dataDir });
  expect(await store.messages.after("lobby", 0, 10)).toHaveLength(1);
  await store.close();
});
