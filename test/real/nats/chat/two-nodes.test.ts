import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { channelOf } from "../../../../backend/chat/channel.ts";
import { announce } from "../../../../backend/contract/index.ts";
import { startChatGateway } from "../../../backend/chat/chat-gateway.ts";
import { emit } from "../../../backend/socket-calls.ts";
import type { TestGateway } from "../../../backend/test-gateway.ts";
import { tokenOf } from "../../../backend/test-tokens.ts";
import { type NatsServer, nodeEnv, startNats } from "../nats-server.ts";

let nats: NatsServer;
let one: TestGateway;
let two: TestGateway;

beforeAll(async () => {
  nats = await startNats();
  const seq = { value: 0 };
  const actions = {
    "chat.join": (ctx: { params: { room: string } }) => ({
      room: ctx.params.room,
      epoch: "e",
      seq: seq.value,
      messages: [],
      recovered: false,
    }),
    "chat.history": () => ({}),
    "chat.send": async (ctx: { params: { room: string; text: string }; broker: TestGateway["broker"] }) => {
      const payload = { room: ctx.params.room, epoch: "e", seq: ++seq.value, text: ctx.params.text };
      await announce(ctx.broker, "sockets.broadcast", {
        channel: channelOf(ctx.params.room),
        event: "message",
        payload: payload as never,
        position: { epoch: payload.epoch, seq: payload.seq },
      });
      return { message: payload };
    },
  } as never;
  const config = nodeEnv(nats.url);
  one = await startChatGateway(actions, { config });
  two = await startChatGateway(actions, { config });
  await Promise.all([one.waitForNodes(2), two.waitForNodes(2)]);
});

afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await nats.stop();
});

test("two nodes serve one room: each message arrives once at both", async () => {
  const alice = await one.connect(tokenOf("alice"));
  const bob = await two.connect(tokenOf("bob"));
  await Promise.all([alice, bob].map((socket) => emit(socket, "call", "chat.join", { room: "lobby" })));
  const heard = new Map([alice, bob].map((socket) => [socket, [] as number[]]));
  const all = new Promise<void>((resolve) => {
    for (const [socket, list] of heard) {
      socket.on("message", ({ seq }: { seq: number }) => {
        list.push(seq);
        if ([...heard.values()].every(({ length }) => length >= 200)) resolve();
      });
    }
  });
  for (let i = 0; i < 100; i++) {
    await emit(alice, "call", "chat.send", { room: "lobby", text: "from one", clientId: `a${i}` });
    await emit(bob, "call", "chat.send", { room: "lobby", text: "from two", clientId: `b${i}` });
  }
  await all;
  for (const list of heard.values()) expect(new Set(list).size).toBe(list.length);
});
