import { expect, test } from "@jest/globals";
import { storeForEach } from "../../store/each-test.ts";
import type { Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { openRoom } from "./rows.ts";

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, "ada");
  await openRoom(store, "garden");
});

test("N7: a key that no database can hold is not found, and does not spoil look-ups of others in the same turn", async () => {
  const odd = ["\0", "ada\0", "\ud800", "ada\udfff"];
  const found = await Promise.all([
    ...odd.flatMap((key) => [store.rooms.findStanding("garden", key), store.rooms.findStanding(key, "ada")]),
    store.rooms.findStanding("garden", "ada"),
  ]);
  expect(found.pop()).toMatchObject({ room: { key: "garden" }, membership: { role: "owner" } });
  expect(found).toEqual(Array(8).fill(undefined));
});
