import { expect, test } from "@jest/globals";
import { MESSAGE_ROW_BYTES } from "../../../../backend/chat/store/usage.ts";
import { openStore, type Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { testStorage } from "../../store/test-storage.ts";
import { say } from "./rows.ts";

let serial = 0;
const ADA = { id: "ada", sid: "s-ada" };

/** What the user's messages take, as a change of the first one is told. Changes nothing. */
async function storedBytes(store: Store): Promise<number> {
  let bytes = Number.NaN;
  const looked = store.messages.change("lobby", 1, ADA, (_standing, _message, stored) => {
    bytes = stored;
    throw new Error("only looks");
  });
  await looked.catch(() => undefined);
  return bytes;
}

const sayAnew = (store: Store, text: string) => say(store, `c${++serial}`, { text });

test("S10: what a user's messages take is known to another node and after a restart, and counted anew from the messages", async () => {
  const storage = await testStorage();
  const one = await openStore(storage.options);
  await addUsers(one, "ada");
  for (let n = 0; n < 3; n += 1) await sayAnew(one, "\u00e4".repeat(50));
  for (let n = 0; n < 2; n += 1) await say(one, "same", { text: "again" });
  const bytes = 3 * (100 + MESSAGE_ROW_BYTES) + 5 + MESSAGE_ROW_BYTES;
  expect(await storedBytes(one)).toBe(bytes);
  await one.close();

  const [again, other] = [await openStore(storage.options), await openStore(storage.options)];
  expect(await storedBytes(again)).toBe(bytes);
  // each node adds what it has stored to the sum, a batch at a time
  const many = 400;
  for (let n = 0; n < many; n += 1) await sayAnew(n % 2 ? again : other, "x".repeat(800));
  const all = bytes + many * (800 + MESSAGE_ROW_BYTES);
  const seen = await storedBytes(again);
  expect(seen).toBeLessThanOrEqual(all);
  expect(seen).toBeGreaterThan(all - 70_000);
  await other.close();
  expect(await storedBytes(again)).toBe(all);

  const changed = await again.messages.change("lobby", 1, ADA, () => ({ deletedAt: 2 }));
  expect(changed.text).toBe("");
  expect(await storedBytes(again)).toBe(all - 100);
  for (const above of [1_000_000_000, 0]) {
    await again.messages.recount(above);
    expect(await storedBytes(again)).toBe(all - 100);
  }
  await again.close();
  await storage.remove();
});
