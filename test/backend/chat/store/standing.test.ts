import { expect, test } from "@jest/globals";
import { storeForEach } from "../../store/each-test.ts";
import { countStatements } from "../../store/executed.ts";
import type { Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { openRoom } from "./rows.ts";

const executed = countStatements();
const USERS = Array.from({ length: 30 }, (_, n) => `user${n}`);

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, ...USERS);
  for (const key of ["garden", 'it\'s "odd" \\']) await openRoom(store, key, "user0");
});

test("N7: the standing of many users that is asked in one turn is one statement", async () => {
  executed();
  const found = await Promise.all(USERS.map((id) => store.rooms.findStanding("garden", id)));
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
  const found = await Promise.all(ask.map(([room, user]) => store.rooms.findStanding(room, user)));
  expect(found.map((standing) => standing?.room.key)).toEqual(['it\'s "odd" \\', undefined, undefined, "garden"]);
});

test("what was committed before it was asked for is seen, also where others ask in the same turn", async () => {
  const others = USERS.map((id) => store.rooms.findStanding("garden", id));
  await store.members.enter({ room: "garden", userId: "user1", at: 2, fromStates: ["none"], maxMembers: 9 });
  expect((await store.rooms.findStanding("garden", "user1"))?.membership?.state).toBe("in");
  await Promise.all(others);
});
