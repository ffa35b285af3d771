import { afterEach, expect, jest, test } from "@jest/globals";
import { groupLookups } from "../../../backend/store/group-lookups.ts";

afterEach(() => {
  jest.useRealTimers();
});

test("N7: each key is looked up once, and the keys of one statement have a limit", async () => {
  const read: number[] = [];
  const find = groupLookups(
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
  const find = groupLookups(
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

test("every caller of a look-up that fails gets the error, and the next look-up works", async () => {
  let fails = true;
  const find = groupLookups(
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
