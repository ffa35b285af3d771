import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { backUp, restore } from "../../../../backend/store/backup.ts";
import { openDatabase } from "../../../../backend/store/index.ts";
import { backupForEach } from "../../store/each-test.ts";
import { FEATURES, openStore, type Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { oldDatabase } from "./old-database.ts";
import { say } from "./rows.ts";

let dataDir: string;
let file: string;
backupForEach((...made) => {
  [dataDir, file] = made;
});

async function started(): Promise<Store> {
  const store = await openStore({ dataDir });
  await addUsers(store, "ada");
  await say(store, "t1");
  return store;
}

test("after a restore a room has a new epoch, and the messages of the backup", async () => {
  const store = await started();
  const before = await store.rooms.findStanding("lobby", "ada");
  await backUp(dataDir, file);
  await say(store, "t2");
  await store.close();
  restore(dataDir, file, FEATURES);
  const back = await openStore({ dataDir });
  expect((await back.messages.after("lobby", 0, 10)).map(({ text }) => text)).toEqual(["t1"]);
  // a client that has seen t2 as number 2 must not take the next number 2 for it
  expect((await back.rooms.findStanding("lobby", "ada"))?.room.epoch).not.toBe(before?.room.epoch);
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

test("H4: a feature that the program did not have when a backup was restored handles the restore when it is back", async () => {
  const store = await started();
  const before = await store.rooms.findStanding("lobby", "ada");
  await store.close();
  await backUp(dataDir, file);
  const others = FEATURES.filter(({ name }) => name !== "chat");
  restore(dataDir, file, others, ["chat"]);
  const epoch = async () => {
    const back = await openStore({ dataDir });
    const standing = await back.rooms.findStanding("lobby", "ada");
    await back.close();
    return standing?.room.epoch;
  };
  await (await openDatabase({ dataDir, unusedFeatures: ["chat"] }, others)).close();
  const restored = await epoch();
  expect(restored).not.toBe(before?.room.epoch);
  // once
  expect(await epoch()).toBe(restored);
});
