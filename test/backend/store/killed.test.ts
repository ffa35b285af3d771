import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { killWriter } from "./killed-writer.ts";
import { openStore } from "./open-store.ts";

test("kill -9 does not lose an acknowledged write", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-killed-"));
  const acknowledged = await killWriter(dataDir, 'await store.users.create(newUser("u" + n, { createdAt: n }));');
  expect(acknowledged).toBeGreaterThanOrEqual(200);
  const store = await openStore({ dataDir });
  const users = await store.users.list(acknowledged + 100_000);
  expect(users.length).toBeGreaterThanOrEqual(acknowledged);
  expect(users.map(({ id }) => id)).toEqual(users.map((_, index) => `u${index + 1}`));
  await store.close();
  rmSync(dataDir, { recursive: true });
});
