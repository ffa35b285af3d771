import { EventEmitter, once } from "node:events";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import type { GatewayIo, GatewaySocket } from "../../../../backend/gateway/gateway-socket.ts";
import {
  type EngineConnection,
  queuedBytes,
  queuedPackets,
  takeMessages,
  webSocketOf,
} from "../../../../backend/gateway/internals/engine-connection.ts";
import { installedVersion } from "../../installed.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

let gateway: TestGateway;
let client: Socket;
let socket: GatewaySocket;
let conn: EngineConnection;

beforeAll(async () => {
  gateway = await startTestGateway();
  client = await gateway.connect(tokenOf("ada"));
  const { io } = gateway.broker.getLocalService("gateway") as unknown as { io: GatewayIo };
  socket = io.of("/").sockets.get(String(client.id)) as GatewaySocket;
  conn = socket.conn;
});
afterAll(() => gateway.stop());

test("H6: Engine.IO and Socket.IO have the versions whose private members the gateway uses", () => {
  expect([installedVersion("engine.io"), installedVersion("socket.io")]).toEqual(["6.6.12", "4.8.4"]);
});

test("H6: engine.io 6.6 keeps packets that it has not written in an array `writeBuffer`", async () => {
  expect(Array.isArray((conn as unknown as { writeBuffer: unknown }).writeBuffer)).toBe(true);
  expect([queuedPackets(conn), queuedBytes(conn)]).toEqual([0, 0]);
  // the first packet is handed to the transport at once, the second waits until it is written
  for (const text of ['2["a"]', '2["é"]']) conn.write(text);
  expect([queuedPackets(conn), queuedBytes(conn)]).toEqual([1, 1 + Buffer.byteLength('2["é"]')]);
  await once(conn, "drain");
  await new Promise(setImmediate);
  expect([queuedPackets(conn), queuedBytes(conn)]).toEqual([0, 0]);
});

test("H6: the transport of engine.io 6.6 has its WebSocket in `socket`, which tells pings", async () => {
  const webSocket = webSocketOf(conn) as EventEmitter & { ping(): void };
  const ponged = once(webSocket, "pong");
  webSocket.ping();
  await ponged;
});

test("H6: socket.io 4.8 takes messages from the event `data`, and none when they are taken away", () => {
  const taken: string[] = [];
  const fresh = new EventEmitter();
  fresh.on("data", (message: string) => taken.push(message));
  const give = takeMessages(fresh as unknown as EngineConnection);
  fresh.emit("data", "not heard");
  give("given");
  expect(taken).toEqual(["given"]);
  // the gateway's guard has taken them from this connection
  expect(conn.listenerCount("data")).toBe(0);
});

test("H6: socket.io 4.8 reads a packet that it is given: it disconnects the namespace on `1`", async () => {
  const other = await gateway.connect(tokenOf("bob"));
  const gone = new Promise((resolve) => other.once("disconnect", resolve));
  other.io.engine.write("1");
  expect(await gone).toBe("transport close");
});
