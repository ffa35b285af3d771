import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createAccessTokens } from "../../../backend/auth/access-tokens.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { type TestStorage, testStorage } from "../store/test-storage.ts";

const ADA = { id: "ada", email: "ada@example.org", name: "Ada", passwordHash: "x", createdAt: 1, disabledAt: null };
let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
});
afterEach(async () => {
  await store.close();
  await storage.remove();
});

test("N2: a role that changes while its token is verified is read again at the next request", async () => {
  const now = Date.now();
  await store.users.create({ ...ADA, role: "admin" });
  await store.users.create({ ...ADA, id: "bob", email: "bob@example.org", name: "Bob", role: "admin" });
  const session = { id: "s", userId: "ada", refreshHash: "h", previousHash: null, endedAt: null, endReason: null };
  const from = { address: null, agent: null };
  await store.sessions.create({ ...session, ...from, rotatedAt: now, createdAt: now, usedAt: now });
  let hasRead: () => Promise<void> = async () => undefined;
  const find: Store["sessions"]["find"] = async (sid) => {
    const found = await store.sessions.find(sid);
    await hasRead();
    return found;
  };
  const tokens = await createAccessTokens({ keys: store.keys, sessions: { find } }, () => now);
  const { accessToken } = await tokens.issue({ id: "ada", role: "admin" }, "s");
  hasRead = async () => {
    hasRead = async () => undefined;
    expect(await store.users.changeRole("ada", "user", now)).toBe("admin");
    tokens.recheck("ada");
  };
  await tokens.verify(accessToken);
  expect((await tokens.verify(accessToken))?.roles).toEqual(["user"]);
});
