import { expect, test } from "@jest/globals";
import { isSetupToken, setupHash, setupPath } from "../../../backend/users/setup.ts";
import { openStore } from "../store/open-store.ts";
import { testStorage } from "../store/test-storage.ts";

test("a setup link ends when an administrator is made otherwise, while the backend runs", async () => {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  const token = (await setupPath(store, 1))?.replace("/#setup=", "") ?? "";
  expect(await isSetupToken(store, token)).toBe(true);
  const facts = { email: "ada@example.org", name: "Ada", passwordHash: "x", createdAt: 1, disabledAt: null } as const;
  await store.users.create({ id: "ada", role: "user", ...facts });
  expect(await isSetupToken(store, token)).toBe(true);
  await store.users.changeRole("ada", "admin");
  expect(await isSetupToken(store, token)).toBe(false);
  const eve = { id: "eve", role: "user", ...facts, email: "eve@example.org" } as const;
  expect(await store.users.createFirstAdmin(eve, setupHash(token))).toBe("no-link");
  await store.close();
  await storage.remove();
});
