import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openStore, type Store } from "../../store/open-store.ts";
import { type TestStorage, testStorage } from "../../store/test-storage.ts";

let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
  const facts = { email: "ada", name: "Ada", passwordHash: "", role: "user", createdAt: 1, disabledAt: null } as const;
  await store.users.create({ id: "ada", ...facts });
  const owner = { id: "ada", role: "owner", peerId: null } as const;
  await store.rooms.open({ key: "garden", kind: "public", title: null, openedBy: "ada", at: 1 }, [owner]);
});
afterEach(async () => {
  await store.close();
  await storage.remove();
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
