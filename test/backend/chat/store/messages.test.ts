import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { User } from "../../../../backend/users/index.ts";
import { openStore, type Store } from "../../store/open-store.ts";
import { type TestStorage, testStorage } from "../../store/test-storage.ts";

let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
});
afterEach(async () => {
  await store.close();
  await storage.remove();
});

const ada: User = {
  id: "ada",
  email: "ada@example.org",
  name: "Ada",
  passwordHash: "$argon2id$x",
  role: "user",
  createdAt: 1_790_000_000_000,
  disabledAt: null,
  verifiedAt: null,
};
const bob: User = { ...ada, id: "bob", email: "bob@example.org", name: "Bob", createdAt: ada.createdAt + 1 };

const say = (room: string, authorId: string, clientId: string, text = clientId) =>
  store.messages.append({ room, authorId, clientId, text, at: 100 }, () => undefined);
const open = (key: string) =>
  store.rooms.open({ key, kind: "public", title: null, openedBy: "ada", at: 1 }, [
    { id: "ada", role: "owner", peerId: null },
  ]);
const positionOf = async (room: string) => (await store.rooms.findStanding(room, "ada"))?.room;

test("messages of a room are numbered 1, 2, 3 without gaps, however many are sent at once", async () => {
  await store.users.create(ada);
  await store.users.create(bob);
  await open("attic");
  await store.members.enter({ room: "attic", userId: "bob", at: 1, from: ["none"], limit: 2 });
  const sent = await Promise.all(
    Array.from({ length: 40 }, (_, n) => say(n % 3 ? "lobby" : "attic", n % 2 ? "ada" : "bob", `c${n}`)),
  );
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
  await store.users.create(ada);
  await store.users.create(bob);
  const first = await say("lobby", "ada", "c1", "hello");
  const retries = await Promise.all([say("lobby", "ada", "c1", "hello"), say("lobby", "ada", "c1", "other")]);
  for (const retry of retries) expect(retry).toEqual({ message: first.message, repeated: true });
  const next = await say("lobby", "bob", "c1", "mine");
  expect(next).toMatchObject({ repeated: false, message: { seq: 2, author: { id: "bob", name: "Bob" } } });
});

test("history is read by position, in order and in pages", async () => {
  await store.users.create(ada);
  for (let n = 1; n <= 7; n += 1) await say("lobby", "ada", `c${n}`);
  const seqs = async (page: ReturnType<Store["messages"]["after"]>) => (await page).map((message) => message.seq);
  expect(await seqs(store.messages.before("lobby", undefined, 3))).toEqual([5, 6, 7]);
  expect(await seqs(store.messages.before("lobby", 5, 3))).toEqual([2, 3, 4]);
  expect(await seqs(store.messages.before("lobby", 2, 3))).toEqual([1]);
  expect(await seqs(store.messages.after("lobby", 5, 3))).toEqual([6, 7]);
  expect(await seqs(store.messages.after("lobby", 0, 3))).toEqual([1, 2, 3]);
  expect(await seqs(store.messages.after("nowhere", 0, 3))).toEqual([]);
});

test("of two who open a room, one does; it has an epoch before anybody has spoken in it, and keeps it", async () => {
  await store.users.create(ada);
  expect((await Promise.all([open("new"), open("new")])).sort()).toEqual(["exists", "opened"]);
  const epoch = (await positionOf("new"))?.epoch;
  expect((await say("new", "ada", "c1")).message).toMatchObject({ seq: 1, epoch });
});
