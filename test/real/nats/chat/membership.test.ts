import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { emit } from "../../../backend/socket-calls.ts";
import type { TestBackend } from "../../../backend/test-backend.ts";
import { type NatsServer, startNats } from "../nats-server.ts";
import { type Pair, startPair } from "../pair.ts";

/*
 * Two whole backends over one store: what one of them decides about a room counts at the sockets of the other.
 */

let nats: NatsServer;
let pair: Pair;
let one: TestBackend;
let two: TestBackend;
beforeAll(async () => {
  nats = await startNats();
  pair = await startPair(nats);
  ({ one, two } = pair);
});
afterAll(async () => {
  await pair.stop();
  await nats.stop();
});

let serial = 0;
const call = async (socket: Socket, action: string, params: object) => {
  const { error, result } = await emit(socket, "call", action, params);
  return error ? error.code : (result as Record<string, unknown>);
};
const say = (socket: Socket, room: string) => call(socket, "chat.send", { room, text: "hi", clientId: `c${++serial}` });
/** Resolves with the next event of this name. */
const next = (socket: Socket, event: string) =>
  new Promise<Record<string, unknown>>((resolve) => socket.once(event, resolve));

/**
 * A private room with its owner on one node, a guest on the other, and a third member, who tells when messages have
 * arrived.
 */
async function scene() {
  const [owner, guest, witness] = [await one.registerUser(), await one.registerUser(), await one.registerUser()];
  const own = await one.connect(owner.accessToken);
  const [there, beside] = [await two.connect(guest.accessToken), await two.connect(witness.accessToken)];
  const { room } = (await call(own, "chat.create", { kind: "private", title: "Two nodes" })) as { room: string };
  const invited = next(there, "membership");
  for (const { id } of [guest, witness]) await call(own, "chat.invite", { room, user: id });
  expect(await invited).toMatchObject({ room, change: "invited" });
  for (const socket of [own, there, beside]) expect(await call(socket, "chat.join", { room })).toMatchObject({ room });
  const heard: number[] = [];
  there.on("message", ({ seq }: { seq: number }) => heard.push(seq));
  const first = next(beside, "message");
  await say(own, room);
  await first;
  await call(there, "chat.browse", {});
  expect(heard).toEqual([1]);
  return { guest, own, there, beside, room, heard };
}

test("who is kicked on one node hears nothing more on the other, nor does anything there", async () => {
  const { guest, own, there, beside, room, heard } = await scene();
  const told = next(there, "membership");
  await call(own, "chat.kick", { room, user: guest.id });
  expect(await told).toMatchObject({ room, change: "kicked", role: null });
  const arrived = next(beside, "message");
  await say(own, room);
  await arrived;
  for (const [action, params] of [
    ["chat.send", { room, text: "still here", clientId: "x" }],
    ["chat.history", { room }],
    ["chat.join", { room }],
    ["chat.delete", { room, seq: 1 }],
  ] as const) {
    expect([action, await call(there, action, params)]).toEqual([action, "NOT_FOUND"]);
  }
  expect(heard).toEqual([1]);
});

test("edits and deletions are told on both nodes, and who joins on the other learns of them", async () => {
  const { own, there, room } = await scene();
  for (const [action, params, expected] of [
    ["chat.edit", { text: "hello" }, { text: "hello", editedAt: expect.any(Number) }],
    ["chat.delete", {}, { text: "", deletedAt: expect.any(Number) }],
  ] as const) {
    const changed = next(there, "messageChanged");
    await call(own, action, { room, seq: 1, ...params });
    expect(await changed).toMatchObject({ room, seq: 1, ...expected });
  }
  const state = await call(there, "chat.join", { room });
  expect((state as { messages: object[] }).messages).toMatchObject([{ seq: 1, text: "" }]);
});

test("a node that is cut off takes them out as well, by what the store says: none listens when the connection is back", async () => {
  const { guest, own, there, beside, room, heard } = await scene();
  pair.cutOff();
  await call(own, "chat.kick", { room, user: guest.id });
  // what is sent on the node that is cut off reaches its own sockets alone
  for (let tries = 0; ; tries += 1) {
    const before = heard.length;
    const arrived = next(beside, "message");
    await say(beside, room);
    await arrived;
    await call(there, "chat.browse", {});
    if (heard.length === before) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tries).toBeLessThan(100);
  }
});
