import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { type WebSocket, WebSocketServer } from "ws";
import { heldBytes, unfinishedMessage } from "../../../../backend/gateway/internals/unfinished-message.ts";
import { installedVersion } from "../../installed.ts";
import { CONTINUATION, frame, HANDSHAKE, TEXT } from "../by-hand.ts";

const server = createServer();
const webSockets = new WebSocketServer({ server });
let client: Socket;
let webSocket: WebSocket;

beforeEach(async () => {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  const opened = once(webSockets, "connection");
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write(`${HANDSHAKE}\r\n`);
  [webSocket] = (await opened) as [WebSocket];
});
afterEach(() => void client.destroy());
afterAll(async () => {
  webSockets.close();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends bytes and waits until `ws` holds this many of an unfinished message. */
async function send(bytes: Buffer, held: number): Promise<void> {
  client.write(bytes);
  while (heldBytes(webSocket) !== held) await new Promise(setImmediate);
}

test("H6: the installed ws is the version whose private members are used", () => {
  expect(installedVersion("ws")).toBe("8.23.0");
});

test("H6: a fragmented message and its bytes are found until its last frame arrives", async () => {
  expect([unfinishedMessage(webSocket), heldBytes(webSocket)]).toEqual([undefined, 0]);
  await send(frame(TEXT, "abc", false), 3);
  const message = unfinishedMessage(webSocket);
  expect(message).toBeDefined();
  await send(frame(CONTINUATION, "de", false), 5);
  expect(unfinishedMessage(webSocket)).toBe(message);
  const ended = once(webSocket, "message");
  client.write(frame(CONTINUATION, "f"));
  expect(String((await ended)[0])).toBe("abcdef");
  expect([unfinishedMessage(webSocket), heldBytes(webSocket)]).toEqual([undefined, 0]);
});

test("H6: an incomplete frame is found, and the next message is another object", async () => {
  const whole = frame(TEXT, "x".repeat(100));
  const headBytes = 6; // two bytes and the mask
  await send(whole.subarray(0, 50), 50 - headBytes);
  const first = unfinishedMessage(webSocket);
  expect(first).toBeDefined();
  const ended = once(webSocket, "message");
  client.write(whole.subarray(50));
  await ended;
  await send(frame(TEXT, "next", false), 4);
  expect(unfinishedMessage(webSocket)).toBeDefined();
  expect(unfinishedMessage(webSocket)).not.toBe(first);
});
