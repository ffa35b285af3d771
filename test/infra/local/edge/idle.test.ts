import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { WebSocket, WebSocketServer } from "ws";
import { HOST, House } from "./house.ts";

let house: House;
let server: WebSocketServer;

beforeAll(async () => {
  server = new WebSocketServer({ noServer: true });
  const edge = { timeouts: { idle: 250 } };
  house = await House.build((_request, response) => response.writeHead(200).write("first"), { edge });
  house.origin.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head, () => {}));
});
afterAll(async () => {
  await house.close();
  server.close();
});

test("a WebSocket without a byte either way is closed", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${house.edge.port}/`, { headers: { host: HOST } });
  await once(socket, "open");
  await once(socket, "close");
  expect((await house.over(1))[0]?.status).toBe(101);
});

test("an answer that stands still, and a connection without a request, are closed", async () => {
  expect(await house.raw(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)).toContain("first");
  expect(await house.raw("")).toBe("");
});
