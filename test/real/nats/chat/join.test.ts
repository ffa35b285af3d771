import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { channelOf } from "../../../../backend/chat/channel.ts";
import { shardOf } from "../../../../backend/nodes/subjects.ts";
import { emit } from "../../../backend/socket-calls.ts";
import type { TestBackend } from "../../../backend/test-backend.ts";
import { type NatsServer, startNats } from "../nats-server.ts";
import { type Pair, startPair } from "../pair.ts";

/*
 * Joins on a node whose packets to NATS are held back.
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

/** A socket of a new user on a node. */
const visitor = async (node: TestBackend) => node.connect((await one.registerUser()).accessToken);

async function call(socket: Socket, action: string, params: object) {
  const { error, result } = await emit(socket, "call", action, params);
  if (error) throw new Error(error.code);
  return result as { seq: number };
}

test("N5: the first join of a shard reads the room only when the server knows the subscription", async () => {
  const [ada, bob] = [await visitor(one), await visitor(two)];
  await call(ada, "chat.join", { room: "garden" });
  pair.proxy.hold(true);
  const joined = call(bob, "chat.join", { room: "garden" });
  await delay(100); // a join that does not wait has read the room by now
  await call(ada, "chat.send", { room: "garden", text: "meanwhile", clientId: "m1" });
  pair.proxy.hold(false);
  expect((await joined).seq).toBe(1);
  const heard = new Promise((resolve) => bob.once("message", resolve));
  await call(ada, "chat.send", { room: "garden", text: "afterwards", clientId: "m2" });
  expect(await heard).toMatchObject({ seq: 2 });
});

test("N5: later joins of the shard do not wait, and none waits for longer than half a second", async () => {
  const [ada, bob, carol] = [await visitor(one), await visitor(two), await visitor(two)];
  await call(ada, "chat.join", { room: "shed" });
  await call(bob, "chat.join", { room: "shed" });
  pair.proxy.hold(true);
  const order: string[] = [];
  let pond = "pond";
  while (shardOf(channelOf(pond)) === shardOf(channelOf("shed"))) pond += "x";
  const first = call(bob, "chat.join", { room: pond }).then(() => order.push("first of its shard"));
  await call(carol, "chat.join", { room: "shed" });
  order.push("second of its shard");
  await first;
  expect(order).toEqual(["second of its shard", "first of its shard"]);
  // what was missed before the server had the subscription arrives afterwards
  await call(ada, "chat.join", { room: pond });
  const heard = new Promise((resolve) => bob.once("message", resolve));
  await call(ada, "chat.send", { room: pond, text: "missed", clientId: "m3" });
  pair.proxy.hold(false);
  expect(await heard).toMatchObject({ room: pond, seq: 1 });
});
