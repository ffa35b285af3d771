import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { LOBBY, OPENED_MAX } from "../../../backend/domain/room.ts";
import { countStatements } from "../store/executed.ts";
import { type Running, startServices } from "./start-services.ts";

const executed = countStatements();
const MEMBERS = 6;

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

test("N7: entering a room costs five statements, and two for all who enter at the same time", async () => {
  const [owner, ...others] = members;
  await running.call("chat.join", { room: "shed" }, owner?.identity);
  executed();
  const states = await Promise.all(others.map(({ identity }) => running.call("chat.join", { room: "shed" }, identity)));
  expect(states.every(({ role }) => role === "member")).toBe(true);
  // how they stand before and after, and in between the user, their rooms, the room, the membership, the read mark
  expect(executed()).toBe(2 + 5 * others.length);
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
  // the user who opens it, their rooms of this kind and all of them, the room, its name, the membership
  const opening = 6;
  // how all stand at first, when it is open, and when the others have entered it
  expect(executed()).toBe(3 + opening + 5 * (MEMBERS - 1));
  expect(executed.transactions()).toBe(2);
});

test("who has waited for somebody who may not open the room opens it themselves, or is refused themselves", async () => {
  const [owner, ...others] = members;
  const create = (n: number) => running.call("chat.create", { kind: "public", title: `room${n}` }, owner?.identity);
  const rooms = await Promise.allSettled(Array.from({ length: OPENED_MAX.public + 1 }, (_, n) => create(n)));
  expect(rooms.at(-1)?.status).toBe("rejected");
  const join = (room: string, by: typeof members) =>
    Promise.allSettled(by.map(({ identity }) => running.call("chat.join", { room }, identity)));
  const outcomes = async (room: string, by: typeof members) =>
    (await join(room, by)).map((one) => (one.status === "fulfilled" ? one.value.role : publicError(one.reason).code));
  expect(await outcomes("loft", members)).toEqual(["ROOMS_OPENED", "owner", "member", "member", "member", "member"]);
  expect(await outcomes("1oft", others)).toEqual(others.map(() => "ROOM_ALIKE"));
});
