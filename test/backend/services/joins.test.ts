import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { User } from "../../../backend/contract/index.ts";
import { countStatements } from "../store/executed.ts";
import { type Running, startServices } from "./start-services.ts";

const executed = countStatements();
const MEMBERS = 6;

let running: Running;
let members: { readonly identity: User; readonly accessToken: string }[];
beforeAll(async () => {
  running = await startServices();
  members = [];
  for (let n = 0; n < MEMBERS; n += 1) members.push(await running.register(`Member${n}`));
});
afterAll(() => running.stop());

const join = (position: { cursor?: number; epoch?: string; revision?: number } = {}) =>
  Promise.all(members.map(({ identity }) => running.call("chat.join", { room: "garden", ...position }, identity)));

test("N7: tokens that are verified in one turn cost one statement, and a second later one again", async () => {
  const verify = () =>
    Promise.all(members.map(({ accessToken }) => running.call("auth.verifyToken", { token: accessToken })));
  running.clock.now += 1_000;
  executed();
  const verified = await verify();
  expect(verified.map(({ id }) => id)).toEqual(members.map(({ identity }) => identity.id));
  expect(executed()).toBe(1);
  await verify();
  expect(executed()).toBe(0);
  running.clock.now += 1_000;
  await verify();
  expect(executed()).toBe(1);
});

test("N7: members who come back to a room of which they have everything cost one statement together", async () => {
  for (const { identity } of members) await running.call("chat.join", { room: "garden" }, identity);
  const [state] = await join();
  const { epoch = "", seq = 0, revision = 0 } = state ?? {};
  executed();
  const back = await join({ epoch, cursor: seq, revision });
  expect(executed()).toBe(1);
  expect(back.every(({ recovered, messages }) => recovered && messages.length === 0)).toBe(true);
});

test("N7: a room that never had a message costs no look at the messages", async () => {
  executed();
  await join();
  expect(executed()).toBe(1);
});

test("who has missed something gets it", async () => {
  const [state] = await join();
  const { epoch = "", seq = 0, revision = 0 } = state ?? {};
  const [first] = members;
  const sent = { room: "garden", text: "hello", clientId: "1" };
  await running.call("chat.send", sent, first?.identity);
  const back = await join({ epoch, cursor: seq, revision });
  expect(back.map(({ messages }) => messages.map(({ text }) => text))).toEqual(members.map(() => ["hello"]));
});

test("N7: entering a room costs five statements, and two for all who enter at the same time", async () => {
  const [owner, ...others] = members;
  await running.call("chat.join", { room: "shed" }, owner?.identity);
  executed();
  const states = await Promise.all(others.map(({ identity }) => running.call("chat.join", { room: "shed" }, identity)));
  expect(states.every(({ role }) => role === "member")).toBe(true);
  // how they stand before and after, and in between the user, their rooms, the room, the membership, the read mark
  expect(executed()).toBe(2 + 5 * others.length);
});
