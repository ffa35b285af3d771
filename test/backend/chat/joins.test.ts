import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LOBBY, MAX_OPENED_PER_DAY } from "../../../backend/chat/room.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";
import { countStatements } from "../store/executed.ts";

// not those of registering, which go on for a moment (the audit record and the mail), and not the look at what has
// ended and changed, several times a second
const executed = countStatements(/^(?!.*("audit"|"mail_tokens"|"ended_at" >=|"role_changed_at" >=))/s);
const MEMBERS = 6;
/** Whether another process has written: one statement for a group of writes. */
const GROUP = 1;

let running: Running;
let members: { readonly identity: Caller; readonly accessToken: string }[];
beforeAll(async () => {
  running = await startServices();
  members = [];
  for (let n = 0; n < MEMBERS; n += 1) members.push(await running.register(`Member${n}`));
  // who registers is let into the lobby a moment later: that is over now
  await Promise.all(members.map(({ identity }) => running.call("chat.join", { room: LOBBY }, identity)));
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

test("N7: entering a room costs four statements, and one for all who enter at the same time", async () => {
  const [owner, ...others] = members;
  await running.call("chat.join", { room: "shed" }, owner?.identity);
  executed();
  const states = await Promise.all(others.map(({ identity }) => running.call("chat.join", { room: "shed" }, identity)));
  expect(states.every(({ role }) => role === "member")).toBe(true);
  // how all stand before, and for each the user in the room, the user's rooms, the membership, the room
  expect(executed()).toBe(1 + GROUP + 4 * others.length);
});

test("N7: a read mark is written only where there are messages to be marked as read", async () => {
  const [owner, other] = members;
  await running.call("chat.join", { room: "porch" }, owner?.identity);
  await running.call("chat.send", { room: "porch", text: "hello", clientId: "p" }, owner?.identity);
  executed();
  const state = await running.call("chat.join", { room: "porch" }, other?.identity);
  expect(state.messages.map(({ text }) => text)).toEqual(["hello"]);
  // how the user stands, four of the entry, the mark, the newest messages
  expect(executed()).toBe(1 + GROUP + 4 + 1 + 1);
});

test("N7: those who enter at the same time are committed together", async () => {
  const [owner, ...others] = members;
  await running.call("chat.join", { room: "cellar" }, owner?.identity);
  executed.transactions();
  await Promise.all(others.map(({ identity }) => running.call("chat.join", { room: "cellar" }, identity)));
  expect(executed.transactions()).toBe(1);
});

test("N7: of those who join a room at the same time that is not there yet, one opens it", async () => {
  executed();
  executed.transactions();
  const states = await Promise.all(
    members.map(({ identity }) => running.call("chat.join", { room: "barn" }, identity)),
  );
  expect(states.map(({ role }) => role).sort()).toEqual([...Array(MEMBERS - 1).fill("member"), "owner"]);
  // the user in the room, the user's rooms of this kind and all of them, names that look alike, the room, the
  // membership, the room's name
  const opening = 7;
  expect(executed()).toBe(1 + GROUP + opening + 4 * (MEMBERS - 1));
  expect(executed.transactions()).toBe(1);
});

test("where the first of several users may not open a room, the next one does, or is refused as well", async () => {
  const [owner, ...others] = members;
  const create = (n: number) => running.call("chat.create", { kind: "public", title: `room${n}` }, owner?.identity);
  const rooms = await Promise.allSettled(Array.from({ length: MAX_OPENED_PER_DAY.public + 1 }, (_, n) => create(n)));
  expect(rooms.at(-1)?.status).toBe("rejected");
  const join = (room: string, by: typeof members) =>
    Promise.allSettled(by.map(({ identity }) => running.call("chat.join", { room }, identity)));
  const outcomes = async (room: string, by: typeof members) =>
    (await join(room, by)).map((one) => (one.status === "fulfilled" ? one.value.role : publicError(one.reason).code));
  expect(await outcomes("loft", members)).toEqual(["ROOMS_OPENED", "owner", "member", "member", "member", "member"]);
  expect(await outcomes("1oft", others)).toEqual(others.map(() => "ROOM_ALIKE"));
});
