import { once } from "node:events";
import type { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import * as ws from "ws";
import { announce } from "../../../../backend/contract/index.ts";
import {
  encodeEvent,
  encodeResponse,
  MAX_UNSENT,
  readEvent,
  textFrame,
} from "../../../../backend/gateway/internals/packets.ts";
import { emit } from "../../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

const { Receiver } = ws as unknown as { Receiver: new () => Writable }; // its types leave it out

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    "users.pictures": (ctx) => ({ text: ctx.params.users[0] }) as never,
  });
});
afterAll(() => gateway.stop());

/** What `ws` reads out of bytes. */
async function received(bytes: Buffer): Promise<string> {
  const receiver = new Receiver();
  const message = once(receiver, "message");
  receiver.write(bytes);
  const [data, isBinary] = await message;
  expect(isBinary).toBe(false);
  return String(data);
}

test("a frame of every length is read as it was written (RFC 6455 5.2)", async () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
    const text = "x".repeat(length);
    expect(await received(textFrame(text))).toBe(text);
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 200 }), async (text) => {
      expect(await received(textFrame(text))).toBe(text);
    }),
  );
});

test("encoded packets are Socket.IO's", async () => {
  expect(encodeEvent("message", { text: "é" }).packet).toBe('2["message",{"text":"é"}]');
  expect(encodeResponse(7, null, { a: 1 }).packet).toBe('37[null,{"a":1}]');
  expect(encodeResponse(7, null).packet).toBe("37[null,null]");
  expect(encodeResponse(0, { code: "X" }).packet).toBe('30[{"code":"X"}]');
  expect(await received(encodeEvent("a", 1).frame)).toBe('42["a",1]');
});

test.each([
  ['2["call"]', { id: undefined, json: '["call"]' }],
  ['20["call"]', { id: 0, json: '["call"]' }],
  ['2/,12["call",{}]', { id: 12, json: '["call",{}]' }],
  ['51-3["call",{"_placeholder":true,"num":0}]', { id: 3, json: '["call",{"_placeholder":true,"num":0}]' }],
  ["2[", { id: undefined, json: "[" }],
  ["2", undefined],
  ["2{}", undefined],
  ['2/admin,1["call"]', undefined],
  ['21234567890123456["call"]', undefined],
  ['2-1["call"]', undefined],
  ['5-1["call"]', undefined],
  ['5999-1["call"]', undefined],
  ["0", undefined],
  ["1", undefined],
  ["3[null]", undefined],
])("the head of %s", (packet, event) => {
  expect(readEvent(packet)).toEqual(event);
});

/** A connection that speaks Socket.IO by hand, let in. */
async function byHand(name: string): Promise<{ socket: ws.WebSocket; next: () => Promise<string> }> {
  const socket = new ws.WebSocket(`${gateway.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  const texts: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on("message", (data) => {
    const text = String(data);
    const first = waiting.shift();
    if (first) first(text);
    else texts.push(text);
  });
  const next = () =>
    new Promise<string>((resolve) => {
      const text = texts.shift();
      if (text === undefined) waiting.push(resolve);
      else resolve(text);
    });
  expect(await next()).toMatch(/^0/);
  socket.send(`40${JSON.stringify({ token: tokenOf(name) })}`);
  expect(await next()).toMatch(/^40/);
  return { socket, next };
}

test("a call without an acknowledgement gets none, invalid JSON a refusal, and an unknown packet ends the connection", async () => {
  const { socket, next } = await byHand("packets");
  socket.send('42["call","users.pictures",{"users":["quiet"]}]');
  socket.send('421["call","users.pictures",{"users":["a"]}]');
  expect(await next()).toBe('431[null,{"text":"a"}]');
  socket.send('422["call","users.pictures",{"users":["a"]]');
  expect(await next()).toContain('432[{"code":"BAD_REQUEST"');
  socket.send('423["constructor"]');
  expect(await next()).toContain('433[{"code":"NOT_FOUND"');
  socket.send('424[["call"],"users.pictures",{"users":["a"]}]');
  expect(await next()).toContain('434[{"code":"NOT_FOUND"');
  socket.send("4299[]");
  expect(await next()).toContain('4399[{"code":"NOT_FOUND"');
  const closed = once(socket, "close");
  socket.send('42/admin,1["call","users.pictures",{"users":["a"]}]');
  await closed;
});

test("a binary argument is refused by name, and its bytes are never kept", async () => {
  const { socket, next } = await byHand("binary");
  socket.send('451-5["call","users.pictures",{"users":{"_placeholder":true,"num":0}}]');
  socket.send(Buffer.alloc(60_000));
  expect(await next()).toMatch(/^435\[\{"code":"VALIDATION".*"field":"users"/);
  socket.send('426["call","users.pictures",{"users":["still here"]}]');
  expect(await next()).toBe('436[null,{"text":"still here"}]');
  socket.terminate();
});

test("who does not read is cut off before what waits for it fills the memory; others hear on", async () => {
  const reader = await gateway.connect(tokenOf("reader"));
  const { socket: deaf } = await byHand("deaf");
  expect(gateway.gateway.sockets).toBe(2);
  deaf.pause();
  let heard = 0;
  reader.on("drain", () => heard++);
  const text = "x".repeat(16_000);
  let said = 0;
  // the kernel's buffers take some, then ours fill up
  for (; gateway.gateway.sockets === 2 && said < 4_000; said++) {
    await announce(gateway.broker, "sockets.broadcast", {
      users: ["reader", "deaf"],
      event: "drain",
      payload: { retryAfter: 1, text } as never,
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(gateway.gateway.sockets).toBe(1);
  expect(said * text.length).toBeGreaterThan(MAX_UNSENT);
  await emit(reader, "call", "users.pictures", { users: ["x"] });
  expect(heard).toBe(said);
  deaf.terminate();
});
