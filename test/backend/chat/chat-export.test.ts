import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { chatExport } from "../../../backend/chat/chat-export.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { type TestStorage, testStorage } from "../store/test-storage.ts";

let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
  for (const id of ["ada", "ben"]) {
    const of = { id, email: `${id}@example.org`, name: id, passwordHash: "h", role: "user" as const };
    await store.users.create({ ...of, createdAt: 1, disabledAt: null });
  }
});
afterEach(async () => {
  await store.close();
  await storage.remove();
});

test("pages of the chat's part of an export hold each message and report once", async () => {
  for (let n = 0; n < 90; n++) {
    const authorId = n % 2 === 0 ? "ada" : "ben";
    const draft = { room: "lobby", authorId, clientId: `c${n}`, text: `t${n}`, at: n };
    await store.messages.append(draft, () => undefined);
    if (n % 2 === 0) continue;
    await store.reports.add({
      room: "lobby",
      seq: n,
      authorId: "ben",
      text: "x",
      reason: `r${n}`,
      at: n,
      reporterId: "ada",
    });
  }
  const { exportPart } = chatExport(store);
  const lines: Record<string, unknown>[] = [];
  let after: string | null = null;
  let pages = 0;
  do {
    const params = { userId: "ada", ...(after === null ? {} : { after }) };
    const page: { lines: readonly object[]; after: string | null } = await exportPart({ params } as never);
    lines.push(...(page.lines as Record<string, unknown>[]));
    after = page.after;
    pages += 1;
  } while (after !== null);
  const of = (type: string, name: string) => lines.filter((line) => line.type === type).map((line) => line[name]);
  expect(new Set(of("message", "text"))).toEqual(new Set(Array.from({ length: 45 }, (_, n) => `t${2 * n}`)));
  expect(new Set(of("report", "reason"))).toEqual(new Set(Array.from({ length: 45 }, (_, n) => `r${2 * n + 1}`)));
  expect([lines.length, pages]).toEqual([90, 4]);
});
