import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
let ada: Caller;
let bob: Caller;
beforeAll(async () => {
  running = await startServices();
  ada = (await running.register("Ada")).identity;
  bob = (await running.register("Bob")).identity;
});
afterAll(() => running.stop());

let serial = 0;
const refusal = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const say = (room: string, text: string, user = ada) =>
  running.call("chat.send", { room, text, clientId: `c${++serial}` }, user);
const search = (room: string, query: string, user: Caller | undefined, cursor?: number) =>
  running.call("chat.search", { room, query, ...(cursor === undefined ? {} : { cursor }) }, user);

test("a member finds messages by their words, with authors and times, a page at a time", async () => {
  await running.call("chat.join", { room: "harbour" }, ada);
  for (let n = 1; n <= 60; n += 1) await say("harbour", `boat ${n}`);
  await say("harbour", "nothing else");
  const first = await search("Harbour", "BOAT", ada);
  expect(first.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => 60 - index));
  expect(first.messages[0]).toMatchObject({ room: "harbour", text: "boat 60", author: { id: ada.id, name: "Ada" } });
  expect(first.cursor).toBe(11);
  const second = await search("harbour", "boat", ada, first.cursor);
  expect(second.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 10 }, (_, index) => 10 - index));
  expect(second.cursor).toBeUndefined();
  expect((await search("harbour", "boat", ada, 0)).messages).toEqual([]);
});

test("only those who are in the room may search it: at every search, at that moment", async () => {
  expect(await refusal(search("harbour", "boat", bob))).toMatchObject({ code: "NOT_MEMBER" });
  const { room } = await running.call("chat.create", { kind: "private", title: "Hidden" }, ada);
  await say(room, "the secret boat");
  expect(await refusal(search(room, "boat", bob))).toMatchObject({ code: "NOT_FOUND" });
  expect(await refusal(search("~AAAAAAAAAAAAAAAAAAAAAA", "boat", bob))).toMatchObject({ code: "NOT_FOUND" });
  expect(await refusal(search(room, "boat", undefined))).toMatchObject({ code: "UNAUTHORIZED" });
  await running.call("chat.invite", { room, user: bob.id }, ada);
  expect(await refusal(search(room, "boat", bob))).toMatchObject({ code: "NOT_FOUND" });
  await running.call("chat.join", { room }, bob);
  expect((await search(room, "boat", bob)).messages).toHaveLength(1);
  await running.call("chat.kick", { room, user: bob.id }, ada);
  expect(await refusal(search(room, "boat", bob))).toMatchObject({ code: "NOT_FOUND" });
  await running.call("chat.join", { room: "harbour" }, bob);
  await running.call("chat.ban", { room: "harbour", user: bob.id }, ada);
  expect(await refusal(search("harbour", "boat", bob))).toMatchObject({ code: "BANNED" });
});

test("a query without words is refused, one with the database's operators is words", async () => {
  expect(await refusal(search("harbour", '"*"', ada))).toMatchObject({ code: "SEARCH_EMPTY", field: "query" });
  expect((await search("harbour", 'boat" OR "nothing', ada)).messages).toEqual([]);
  expect((await search("harbour", "NOT boat", ada)).messages).toEqual([]);
  expect((await search("harbour", "nothing* & !boat", ada)).messages).toEqual([]);
  expect((await search("harbour", "else: (nothing)", ada)).messages).toHaveLength(1);
});

test("edited and deleted messages are found as they are now", async () => {
  await running.call("chat.edit", { room: "harbour", seq: 61, text: "something new" }, ada);
  expect((await search("harbour", "nothing", ada)).messages).toEqual([]);
  expect((await search("harbour", "something", ada)).messages).toHaveLength(1);
  await running.call("chat.delete", { room: "harbour", seq: 61 }, ada);
  expect((await search("harbour", "something", ada)).messages).toEqual([]);
});
