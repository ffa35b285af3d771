import { expect, test } from "@jest/globals";
import { isSetupToken, setupPath, takeSetupToken } from "../../../backend/services/setup.ts";
import { openStore } from "../../../backend/store/index.ts";
import { testStorage } from "../store/test-storage.ts";

test("a setup link ends when an administrator is made otherwise, while the backend runs", async () => {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  const token = (await setupPath(store, 1))?.replace("/#setup=", "") ?? "";
  expect(await isSetupToken(store, token)).toBe(true);
  const facts = { email: "ada@example.org", name: "Ada", passwordHash: "x", createdAt: 1, disabledAt: null } as const;
  await store.users.create({ id: "ada", role: "user", ...facts });
  expect(await isSetupToken(store, token)).toBe(true);
  await store.users.setRole("ada", "admin");
  expect(await isSetupToken(store, token)).toBe(false);
  expect(await takeSetupToken(store, token)).toBe(false);
  await store.close();
  await storage.remove();
});
