import { expect, test } from "@jest/globals";
import { chatExport } from "../../../backend/chat/chat-export.ts";
import { storeForEach } from "../store/each-test.ts";
import type { Store } from "../store/open-store.ts";
import { addUsers } from "../store/rows.ts";
import { say } from "./store/rows.ts";

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, "ada", "ben");
});

test("pages of the chat's part of an export hold each message and report once", async () => {
  for (let n = 0; n < 90; n++) {
    await say(store, `c${n}`, { authorId: n % 2 === 0 ? "ada" : "ben", text: `t${n}`, at: n });
    if (n % 2 === 0) continue;
    const about = { room: "lobby", seq: n, authorId: "ben", text: "x" };
    await store.reports.add({ ...about, reason: `r${n}`, at: n, reporterId: "ada" });
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
