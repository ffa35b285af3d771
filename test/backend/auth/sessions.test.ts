import { expect, test } from "@jest/globals";
import { createSessions } from "../../../backend/auth/sessions.ts";
import { openStore } from "../store/open-store.ts";
import { addUsers } from "../store/rows.ts";
import { testStorage } from "../store/test-storage.ts";

const HERE = { address: null, agent: null };

test("a session begins when its token was issued, however long that had to wait for the keys", async () => {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  await addUsers(store, "ada");
  let now = 1000;
  const issue = async () => {
    now += 5000;
    return { accessToken: "token", expiresIn: 600 };
  };
  const sessions = await createSessions(store, { issue }, () => now);
  const started = await sessions.start({ id: "ada", role: "user" }, HERE, () => true);
  const found = await store.sessions.find(started?.sid ?? "");
  expect(found?.session).toMatchObject({ createdAt: 6000, rotatedAt: 6000, usedAt: 6000 });
  await store.close();
  await storage.remove();
});
