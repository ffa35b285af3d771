import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "@jest/globals";
import { openStore } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { testStorage } from "../../store/test-storage.ts";
import { openRoom } from "./rows.ts";

/*
 * What a client can make the store do again and again goes by an index, however many rows there are.
 */

const statements = new Set<string>();
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function recording(this: DatabaseSync, sql: string) {
  statements.add(sql);
  return prepare.call(this, sql);
};
afterAll(() => {
  DatabaseSync.prototype.prepare = prepare;
});

test("no query about rooms, members, messages, marks or reports looks at a whole table", async () => {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  statements.clear();
  await addUsers(store, "ada", "bob");
  const { rooms, members, messages, reports, readMarks } = store;
  const room = "garden";
  const at = 1;
  await openRoom(store, room);
  const limits = { maxOpened: 9, openedSince: 0, rooms: { joined: 9, owned: 9 } };
  await rooms.open({ key: "shed", kind: "private", title: "Shed", openedBy: "ada", at }, [], limits);
  await rooms.findStanding(room, "ada");
  await rooms.browse("g", undefined, 10);
  await rooms.browse("", "g", 10);
  await rooms.list("ada", 10);
  await rooms.list("ada", 10, { after: "a" });
  await rooms.list("ada", 1, { room });
  await members.enter({ room, userId: "bob", at, fromStates: ["invited", "out", "none"], maxMembers: 10 });
  await members.setRole(room, "bob", "owner");
  await members.setMuted(room, "bob", 5);
  await members.list(room, "in", 10);
  await members.list(room, "in", 10, "a");
  await members.memberIds(room, 10);
  await members.smallRoomsOf(["ada", "bob"], 10);
  await members.roomsOf("ada");
  expect(await members.membersNamed(room, ["ada", "bob", "eve"], 10)).toEqual(["ada", "bob"]);
  const draft = { room, authorId: "ada", sid: "s-ada", clientId: "1", text: "x", at };
  for (let n = 0; n < 2; n += 1) await messages.append(draft, () => undefined);
  await messages.find(room, 1);
  await messages.change(room, 1, { id: "ada", sid: "s-ada" }, () => ({ text: "y", mentions: [], editedAt: 2 }));
  await messages.after(room, 0, 10);
  await messages.before(room, undefined, 10);
  await messages.before(room, 5, 10);
  expect(await messages.changedSince(room, 0, 5, 10)).toHaveLength(1);
  expect(await rooms.positions([room, "shed", "none"])).toHaveLength(2);
  const spans = [room, "shed"].map((one) => ({ room: one, after: 0, upTo: 9 }));
  expect(await messages.sentWithin(spans)).toHaveLength(1);
  expect(await messages.changedWithin(spans)).toHaveLength(1);
  await readMarks.move({ room, userId: "ada", epoch: "e", seq: 1 });
  await readMarks.find(room, "e", "ada");
  await readMarks.of(room, "e", 10);
  await reports.add({ at, reporterId: "bob", reason: "x", room, seq: 1, authorId: "ada", text: "x" });
  const [report] = await reports.listOpen(10);
  await reports.listOpen(10, "0");
  await reports.settle(report?.id ?? "", { id: "bob", sid: "s-bob" }, "dismissed", 2);
  await members.banOutsider(room, "eve", at).catch(() => undefined);
  await members.end(room, "ada", "banned", at);
  await members.revoke(room, "ada", "banned", at);
  await members.invite(room, "ada", at);
  await members.endedSince(0);
  await members.removedUsersInRooms(0);
  await members.prune(0, 0);
  await reports.prune(0);
  await rooms.prune();
  await store.close();

  const queries = [...statements].filter((sql) => /^(select|update|delete|insert)/.test(sql));
  expect(queries.length).toBeGreaterThan(40);
  const again = await openStore(storage.options);
  const database = new DatabaseSync(`${storage.options.dataDir}/causeway.db`, { readOnly: true });
  const plan = (sql: string) =>
    prepare
      .call(database, `explain query plan ${sql}`)
      .all()
      .map(({ detail }) => `${detail}`);
  const scans = queries.flatMap((sql) =>
    plan(sql)
      .filter(
        (detail) =>
          /^SCAN/.test(detail) &&
          !/^SCAN (CONSTANT ROW|\d+-ROW VALUES|\d+ CONSTANT ROWS|given$|json_each )/.test(detail),
      )
      .map((detail) => `${detail}: ${sql}`),
  );
  expect(scans).toEqual([]);
  // a mention is looked up by its name, not among all members
  const mention = queries.find((sql) => sql.includes('"name" in')) ?? "";
  expect(plan(mention)[0]).toContain("users_name");
  database.close();
  await again.close();
  await storage.remove();
});
