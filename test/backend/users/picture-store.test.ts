import { expect, test } from "@jest/globals";
import { storeForEach } from "../store/each-test.ts";
import type { Store } from "../store/open-store.ts";
import { addUsers } from "../store/rows.ts";

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, "ada", "ben");
});

const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const picture = { type: "image/png", bytes: every } as const;

test("the bytes of a picture come back as they were stored", async () => {
  expect(await store.pictures.set("ada", "first", picture, 1)).toBe(true);
  expect(await store.pictures.find("ada", "first", false)).toEqual(picture);
  const other = { type: "image/webp", bytes: Buffer.alloc(262_144, 9) } as const;
  await store.pictures.set("ada", "second", other, 2);
  expect(await store.pictures.find("ada", "first", false)).toBeUndefined();
  expect(await store.pictures.find("ada", "second", false)).toEqual(other);
  expect(await store.pictures.find("ben", "second", false)).toBeUndefined();
  expect((await store.pictures.ofUsers(["ada", "ben", "none"])).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: "ada", picture: "second" },
    { id: "ben", picture: null },
  ]);
  expect(await store.pictures.ofUsers([])).toEqual([]);
  await store.pictures.remove("ada");
  expect(await store.pictures.forExport("ada")).toBeUndefined();
});

test("a disabled account sets no picture, and only site moderators see the one that it has", async () => {
  await store.pictures.set("ada", "first", picture, 1);
  await store.users.disable("ada", 5);
  expect(await store.pictures.set("ada", "second", picture, 6)).toBe(false);
  expect(await store.pictures.set("none", "second", picture, 6)).toBe(false);
  expect(await store.pictures.find("ada", "first", false)).toBeUndefined();
  expect(await store.pictures.find("ada", "first", true)).toEqual(picture);
  expect(await store.pictures.ofUsers(["ada"])).toEqual([]);
});
