import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { channelOf } from "../../../backend/chat/channel.ts";
import { announce, type Caller, type Digest, publicError } from "../../../backend/contract/index.ts";
import type { SignedIn } from "../../../backend/users/shapes.ts";
import { type Running, startServices } from "../start-services.ts";

type Person = SignedIn & { identity: Caller };
let running: Running;
let ada: Person;
let bob: Person;
let eve: Person;
beforeAll(async () => {
  running = await startServices();
  [ada, bob, eve] = [await running.register("Ada"), await running.register("Bob"), await running.register("Eve")];
});
afterAll(() => running.stop());

let serial = 0;
const send = (room: string, user = ada.identity) =>
  running.call("chat.send", { room, text: "hi", clientId: `c${++serial}` }, user);
const enter = async (room: string, ...people: Person[]) => {
  for (const { identity } of people) await running.call("chat.join", { room }, identity);
};
const refusal = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const heard = (event: string) =>
  running.announced
    .filter((one) => one.event === "sockets.broadcast")
    .map(({ payload }) => payload as { event: string; payload: unknown })
    .filter((one) => one.event === event);

/** Waits for an event of this kind that is about this room. */
function next(event: string, room: string): Promise<unknown> {
  return new Promise((resolve) => {
    running.broker.createService({
      name: `next-${++serial}`,
      events: {
        "sockets.broadcast": () => {
          const told = heard(event).find(({ payload }) => (payload as { room: string }).room === room);
          if (told) resolve(told);
        },
      },
    });
  });
}

test("that a user is typing is broadcast every few seconds at most, and not stored", async () => {
  await enter("typing", ada);
  await send("typing");
  expect(await running.call("chat.typing", { room: "Typing" }, ada.identity)).toEqual({ told: true });
  expect(heard("typing").at(-1)).toEqual({
    channel: channelOf("typing"),
    except: ada.user.id,
    event: "typing",
    payload: { room: "typing", user: { id: ada.user.id, name: "Ada" } },
  });
  expect(await running.call("chat.typing", { room: "typing" }, ada.identity)).toEqual({ told: false });
  running.clock.now += 3000;
  expect(await running.call("chat.typing", { room: "typing" }, ada.identity)).toEqual({ told: true });
});

test("a mark only moves forward, not beyond what there is, and not on the word of another epoch", async () => {
  await enter("marks", ada, bob);
  const { message } = await send("marks");
  for (let n = 0; n < 4; n += 1) await send("marks");
  const { epoch } = message;
  const read = (seq: number, given?: string) =>
    running.call("chat.read", { room: "marks", seq, ...(given && { epoch: given }) }, bob.identity);
  expect(await read(3)).toEqual({ room: "marks", epoch, seq: 3 });
  expect(await read(2)).toEqual({ room: "marks", epoch, seq: 3 });
  expect(await read(5, "another")).toEqual({ room: "marks", epoch, seq: 3 });
  expect(await read(99, epoch)).toEqual({ room: "marks", epoch, seq: 5 });
  const marks = await running.call("chat.marks", { room: "marks" }, ada.identity);
  expect(marks).toEqual({ room: "marks", epoch, marks: [{ user: bob.user.id, seq: 5 }] });
});

test("read receipts of a short time are broadcast together: to the room, and to every device of the reader", async () => {
  await enter("together", ada, bob, eve);
  const { message } = await send("together");
  for (let n = 0; n < 4; n += 1) await send("together");
  const told = next("read", "together");
  for (const seq of [1, 2, 3]) await running.call("chat.read", { room: "together", seq }, bob.identity);
  await running.call("chat.read", { room: "together", seq: 5 }, eve.identity);
  await running.call("chat.read", { room: "together", seq: 2 }, bob.identity);
  const marks = [
    { user: bob.user.id, seq: 3 },
    { user: eve.user.id, seq: 5 },
  ];
  expect(await told).toEqual({
    channel: channelOf("together"),
    users: [bob.user.id, eve.user.id],
    event: "read",
    payload: { room: "together", epoch: message.epoch, marks },
  });
});

test("a room without a membership is refused like a room that does not exist, and nothing is broadcast", async () => {
  const { room: hidden } = await running.call("chat.create", { kind: "private", title: "Hidden" }, ada.identity);
  await send(hidden);
  const told = running.announced.length;
  for (const room of [hidden, `~${"A".repeat(22)}`]) {
    const attempts = [
      running.call("chat.typing", { room }, eve.identity),
      running.call("chat.presence", { room }, eve.identity),
      running.call("chat.read", { room, seq: 1 }, eve.identity),
      running.call("chat.marks", { room }, eve.identity),
    ];
    for (const attempt of attempts) {
      expect(await refusal(attempt)).toEqual({ status: 404, code: "NOT_FOUND", message: "There is nothing here." });
    }
  }
  expect(running.announced.length).toBe(told);
  expect((await running.call("chat.marks", { room: hidden }, ada.identity)).marks).toEqual([]);
});

test("a device is online or away, nothing else", async () => {
  const set = (state: string) => running.call("chat.setPresence", { state }, ada.identity);
  expect(await set("away")).toEqual({ state: "away" });
  expect(await refusal(set("offline"))).toMatchObject({ status: 422, code: "PRESENCE_STATE", field: "state" });
});

test("who of a room is there is put together from what every node says, and told to the rooms that they share", async () => {
  const { broker } = running;
  await enter("people", ada, bob);
  await send("people");
  for (const { identity } of [ada, bob]) await running.call("chat.read", { room: "people", seq: 1 }, identity);
  const news: Digest["items"][number][] = [];
  const until = (id: string, state: string) =>
    new Promise<readonly string[]>((resolve) => {
      broker.createService({
        name: `news-${++serial}`,
        events: {
          "sockets.digestHere"(ctx: { params: Digest }) {
            news.push(...ctx.params.items);
            const found = news.find(({ value }) => JSON.stringify(value) === JSON.stringify({ id, state }));
            if (found) resolve(found.channels);
          },
        },
      });
    });
  const wanted = new Promise((resolve) => {
    broker.createService({
      name: "wanted",
      events: { "presence.wanted": (ctx: { params: unknown }) => resolve(ctx.params) },
    });
  });
  const online = until(bob.user.id, "online");
  const say = (revision: number, whole: boolean, states: object) =>
    announce(broker, "presence.here", { revision, whole, online: [], away: [], offline: [], ...states });
  await say(1, true, { online: [bob.user.id, eve.user.id] });
  expect(await online).toContain(channelOf("people"));
  expect(await online).not.toContain(channelOf("typing"));
  const presence = () => running.call("chat.presence", { room: "people" }, ada.identity);
  expect(await presence()).toEqual({
    room: "people",
    users: [{ id: bob.user.id, state: "online" }],
    complete: true,
  });
  // what was said in between got lost
  await say(3, false, { away: [bob.user.id] });
  expect(await wanted).toEqual({ node: broker.nodeID });
  expect((await presence()).users).toEqual([{ id: bob.user.id, state: "away" }]);
  const offline = until(bob.user.id, "offline");
  await broker.broadcastLocal("$node.disconnected", { node: { id: broker.nodeID }, unexpected: true });
  await offline;
  expect((await presence()).users).toEqual([]);
});
