import { expect, test } from "@jest/globals";
import { newestMessagesThatFit } from "../../../backend/chat/catch-up.ts";
import { storeForEach } from "../store/each-test.ts";
import type { Store } from "../store/open-store.ts";
import { addUsers } from "../store/rows.ts";
import { say } from "./store/rows.ts";

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, "ada");
});

test("S5: of a room with long messages no more is read than about what fits into a response", async () => {
  for (let n = 1; n <= 60; n++) await say(store, `c${n}`, { text: "\u6f22".repeat(4_000) });
  let read = 0;
  const { before } = store.messages;
  const counting: Store = {
    ...store,
    messages: {
      ...store.messages,
      before: async (...asked) => {
        const messages = await before(...asked);
        read += messages.length;
        return messages;
      },
    },
  };
  const newest = await newestMessagesThatFit(counting, "lobby");
  expect(newest.map(({ seq }) => seq)).toEqual(Array.from({ length: 10 }, (_, index) => 51 + index));
  expect(read).toBeLessThan(2 * newest.length);
  expect((await newestMessagesThatFit(store, "lobby", 51)).at(-1)?.seq).toBe(50);
});

test("a page of short messages is whole, at the end and before a position", async () => {
  for (let n = 1; n <= 70; n++) await say(store, `c${n}`);
  const seqs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  expect((await newestMessagesThatFit(store, "lobby")).map(({ seq }) => seq)).toEqual(seqs(21, 70));
  expect((await newestMessagesThatFit(store, "lobby", 21)).map(({ seq }) => seq)).toEqual(seqs(1, 20));
  expect((await newestMessagesThatFit(store, "lobby", 60)).map(({ seq }) => seq)).toEqual(seqs(10, 59));
  expect(await newestMessagesThatFit(store, "lobby", 1)).toEqual([]);
});
