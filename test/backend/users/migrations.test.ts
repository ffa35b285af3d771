import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { openDatabase } from "../../../backend/store/index.ts";
import { FEATURES, openStore } from "../store/open-store.ts";
import { testStorage } from "../store/test-storage.ts";

test("accounts that were removed before it was noted when are known as removed", async () => {
  const storage = await testStorage();
  const before = FEATURES.filter(({ name }) => name === "users").map((feature) => {
    const { "0006_removed": _, ...migrations } = feature.migrations;
    return { ...feature, migrations };
  });
  const { db, close } = await openDatabase(storage.options, before);
  for (const [id, email, disabledAt] of [
    ["gone", "5d6f2d3e@removed.invalid", 7],
    ["disabled", "eve@example.org", 8],
    ["here", "ada@example.org", null],
  ] as const) {
    await sql`insert into users (id, email, name, password_hash, role, created_at, disabled_at)
      values (${id}, ${email}, ${id}, '', 'user', 1, ${disabledAt})`.execute(db);
  }
  await close();
  const store = await openStore(storage.options);
  const { rows } = await sql`select user_id, removed_at from removed_users`.execute(store.db);
  expect(rows).toEqual([{ user_id: "gone", removed_at: 7 }]);
  await store.close();
  await storage.remove();
});
