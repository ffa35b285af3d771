import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openStore, type Store } from "./open-store.ts";
import { type TestStorage, testStorage } from "./test-storage.ts";

let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
  const facts = { email: "ada", name: "Ada", passwordHash: "", role: "user", createdAt: 1, disabledAt: null } as const;
  await store.users.create({ id: "ada", ...facts });
  const session = {
    id: "s1",
    userId: "ada",
    refreshHash: "h",
    previousHash: null,
    accessHash: null,
    address: null,
    agent: null,
  } as const;
  await store.sessions.create({ ...session, rotatedAt: 1, createdAt: 1, usedAt: 1, endedAt: null });
});
afterEach(async () => {
  await store.close();
  await storage.remove();
});

test("N7: a key that no database can hold is not found, and does not spoil look-ups of others in the same turn", async () => {
  const odd = ["\0", "ada\0", "\ud800", "ada\udfff"];
  const found = await Promise.all([...odd, "s1"].map((id) => store.sessions.find(id)));
  expect(found.pop()).toMatchObject({ session: { id: "s1" } });
  expect(found).toEqual(Array(4).fill(undefined));
});
