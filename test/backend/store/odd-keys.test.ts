import { expect, test } from "@jest/globals";
import { storeForEach } from "./each-test.ts";
import type { Store } from "./open-store.ts";
import { addUsers, newSession } from "./rows.ts";

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, "ada");
  await store.sessions.create(newSession("s1", "ada"));
});

test("N7: a key that no database can hold is not found, and does not spoil look-ups of others in the same turn", async () => {
  const odd = ["\0", "ada\0", "\ud800", "ada\udfff"];
  const found = await Promise.all([...odd, "s1"].map((id) => store.sessions.find(id)));
  expect(found.pop()).toMatchObject({ session: { id: "s1" } });
  expect(found).toEqual(Array(4).fill(undefined));
});
