import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "@jest/globals";
import { openStore, type Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { testStorage } from "../../store/test-storage.ts";
import { openRoom, say } from "./rows.ts";

const guard = { id: "guard", sid: "s-guard" };

async function withReport(store: Store): Promise<void> {
  await addUsers(store, "ada", "guard");
  await openRoom(store, "hall");
  const { message } = await say(store, "c1", { room: "hall", text: "a threat" });
  const about = { room: "hall", seq: message.seq, authorId: "ada", text: message.text };
  await store.reports.add({ at: 2, reporterId: "ada", reason: "threat", ...about });
}

test("S8: a report is open as long as its message is not removed: both happen in one transaction", async () => {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  const other = new DatabaseSync(join(storage.options.dataDir, "causeway.db"));
  try {
    await withReport(store);
    const [report] = await store.reports.listOpen(1);
    const { id = "", seq = 0 } = report ?? {};
    // what a full disk or a lost connection does between the two writes
    other.exec("create trigger broken before update on messages begin select raise(abort, 'broken'); end");
    await expect(store.reports.settle(id, guard, "removed", 3)).rejects.toThrow("broken");
    expect(await store.reports.listOpen(1)).toEqual([report]);
    other.exec("drop trigger broken");
    const removed = { room: "hall", seq, text: "", deletedAt: 3 };
    expect(await store.reports.settle(id, guard, "removed", 3)).toMatchObject({ authorId: "ada", removed });
    expect(await store.messages.find("hall", seq)).toMatchObject(removed);
    expect(await store.reports.settle(id, guard, "removed", 4)).toBeUndefined();
  } finally {
    other.close();
    await store.close();
    await storage.remove();
  }
});
