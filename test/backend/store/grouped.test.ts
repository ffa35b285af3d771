import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { grouped } from "../../../backend/store/grouped.ts";
import { countStatements } from "./executed.ts";
import { openStore, type Store } from "./open-store.ts";
import { type TestStorage, testStorage } from "./test-storage.ts";

const executed = countStatements();
const USERS = Array.from({ length: 30 }, (_, n) => `user${n}`);

let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
  for (const id of USERS) {
    const facts = { email: id, name: id, passwordHash: "", role: "user", createdAt: 1, disabledAt: null } as const;
    await store.users.create({ id, ...facts });
  }
  const owner = { id: "user0", role: "owner", peerId: null } as const;
  for (const key of ["garden", 'it\'s "odd" \\'])
    await store.rooms.open({ key, kind: "public", title: null, openedBy: "user0", at: 1 }, [owner]);
});
afterEach(async () => {
  jest.useRealTimers();
  await store.close();
  await storage.remove();
});

test("N7: the standing of many users that is asked in one turn is one statement", async () => {
  executed();
  const found = await Promise.all(USERS.map((id) => store.rooms.standing("garden", id)));
  expect(executed()).toBe(1);
  expect(found.map((standing) => standing?.membership?.role)).toEqual(["owner", ...Array(29).fill(undefined)]);
  expect(found.every((standing) => standing?.room.key === "garden")).toBe(true);
});

test("names are looked up as they are, and what is not there is undefined", async () => {
  const ask = [
    ['it\'s "odd" \\', "user0"],
    ["none", "user0"],
    ["garden", "nobody"],
    ["garden", "user1"],
  ] as const;
  const found = await Promise.all(ask.map(([room, user]) => store.rooms.standing(room, user)));
  expect(found.map((standing) => standing?.room.key)).toEqual(['it\'s "odd" \\', undefined, undefined, "garden"]);
});

test("what was committed before it was asked for is seen, also where others ask in the same turn", async () => {
  const others = USERS.map((id) => store.rooms.standing("garden", id));
  await store.members.enter({ room: "garden", userId: "user1", at: 2, from: ["none"], limit: 9 });
  expect((await store.rooms.standing("garden", "user1"))?.membership?.state).toBe("in");
  await Promise.all(others);
});

test("N7: each key is looked up once, and the keys of one statement have a limit", async () => {
  const read: number[] = [];
  const find = grouped(
    async (keys) => {
      const asked = JSON.parse(keys) as [string, string][];
      read.push(asked.length);
      return asked.map(([room, user]) => ({ room, user }));
    },
    ({ room, user }) => [room, user],
  );
  const users = Array.from({ length: 250 }, (_, n) => `u${n}`);
  const found = await Promise.all([...users, ...users].map((user) => find("garden", user)));
  expect(found.map((row) => row?.user)).toEqual([...users, ...users]);
  expect(read).toEqual([100, 100, 50]);
  await find("garden", "u1");
  expect(read.at(-1)).toBe(1);
});

test("N7: a look-up soon after another one waits for others, and one that comes alone does not wait", async () => {
  jest.useFakeTimers();
  const read: string[] = [];
  const find = grouped(
    async (keys) => {
      read.push(keys);
      return JSON.parse(keys) as string[][];
    },
    (row) => row,
  );
  void find("a");
  await jest.advanceTimersByTimeAsync(0);
  expect(read).toEqual(['[["a"]]']);
  void find("b");
  await jest.advanceTimersByTimeAsync(3);
  void find("c");
  expect(read).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(read.slice(1)).toEqual(['[["b"],["c"]]']);
  await jest.advanceTimersByTimeAsync(4);
  void find("d");
  await jest.advanceTimersByTimeAsync(0);
  expect(read.slice(2)).toEqual(['[["d"]]']);
});

test("every caller of a look-up that fails is told, and the next one works", async () => {
  let fails = true;
  const find = grouped(
    async (keys) => {
      if (fails) throw new Error("away");
      return JSON.parse(keys) as string[][];
    },
    (row) => row,
  );
  const outcomes = await Promise.allSettled([find("a"), find("b"), find("a")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  fails = false;
  expect(await find("a")).toEqual(["a"]);
});
