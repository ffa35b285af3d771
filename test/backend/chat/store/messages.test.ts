import { expect, test } from "@jest/globals";
import { storeForEach } from "../../store/each-test.ts";
import type { Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { openRoom, say } from "./rows.ts";

let store: Store;
storeForEach(async (opened) => {
  store = opened;
  await addUsers(store, "ada", "bob");
});

const positionOf = async (room: string) => (await store.rooms.findStanding(room, "ada"))?.room;

test("messages of a room are numbered 1, 2, 3 without gaps, however many are sent at once", async () => {
  await openRoom(store, "attic");
  await store.members.enter({ room: "attic", userId: "bob", at: 1, fromStates: ["none"], maxMembers: 2 });
  const send = (_: unknown, n: number) =>
    say(store, `c${n}`, { room: n % 3 ? "lobby" : "attic", authorId: n % 2 ? "ada" : "bob" });
  const sent = await Promise.all(Array.from({ length: 40 }, send));
  for (const room of ["lobby", "attic"]) {
    const seqs = sent.map(({ message }) => message).filter((message) => message.room === room);
    const numbers = seqs.map((message) => message.seq).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(new Set(seqs.map((message) => message.epoch)).size).toBe(1);
    expect(await positionOf(room)).toMatchObject({ seq: numbers.length, epoch: seqs[0]?.epoch });
    expect(await store.messages.after(room, 0, 100)).toEqual(seqs.sort((a, b) => a.seq - b.seq));
  }
});

test("a client id makes sending idempotent for its user, and takes no number", async () => {
  const first = await say(store, "c1", { text: "hello" });
  const retries = await Promise.all(["hello", "other"].map((text) => say(store, "c1", { text })));
  for (const retry of retries) expect(retry).toEqual({ message: first.message, repeated: true });
  const next = await say(store, "c1", { authorId: "bob", text: "mine" });
  expect(next).toMatchObject({ repeated: false, message: { seq: 2, author: { id: "bob", name: "bob" } } });
});

test("history is read by position, in order and in pages", async () => {
  for (let n = 1; n <= 7; n += 1) await say(store, `c${n}`);
  const seqs = async (page: ReturnType<Store["messages"]["after"]>) => (await page).map((message) => message.seq);
  expect(await seqs(store.messages.before("lobby", undefined, 3))).toEqual([5, 6, 7]);
  expect(await seqs(store.messages.before("lobby", 5, 3))).toEqual([2, 3, 4]);
  expect(await seqs(store.messages.before("lobby", 2, 3))).toEqual([1]);
  expect(await seqs(store.messages.after("lobby", 5, 3))).toEqual([6, 7]);
  expect(await seqs(store.messages.after("lobby", 0, 3))).toEqual([1, 2, 3]);
  expect(await seqs(store.messages.after("nowhere", 0, 3))).toEqual([]);
});

test("of two who open a room, one does; it has an epoch before anybody has spoken in it, and keeps it", async () => {
  const opened = await Promise.all([openRoom(store, "new"), openRoom(store, "new")]);
  expect(opened.sort()).toEqual(["exists", "opened"]);
  const epoch = (await positionOf("new"))?.epoch;
  expect((await say(store, "c1", { room: "new" })).message).toMatchObject({ seq: 1, epoch });
});
