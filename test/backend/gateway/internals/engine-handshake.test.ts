import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { GatewayIo, GatewaySocket } from "../../../../backend/gateway/gateway-socket.ts";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { installedVersion } from "../../installed.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { tokenOf } from "../../test-tokens.ts";
import { HANDSHAKE } from "../by-hand.ts";

/** For each connection of the gateway: what it has written, one text for each system call. */
const writes = new Map<Socket, string[]>();
let gateway: TestGateway;
/** The requests of the connections that Engine.IO got. */
let engineRequests: (IncomingMessage & { readonly _query?: unknown })[];

const opened: Socket[] = [];

/** Records what the gateway writes to a connection: `_write` and `_writev` are one system call each. */
function recordWrites(message: unknown): void {
  const { socket } = message as { socket: Socket };
  const written: string[] = [];
  writes.set(socket, written);
  const { _write, _writev } = socket;
  socket._write = (chunk: string | Buffer, ...rest) => {
    written.push(chunk.toString("latin1"));
    _write.call(socket, chunk, ...rest);
  };
  socket._writev = (chunks, done) => {
    written.push(chunks.map(({ chunk }) => (chunk as string | Buffer).toString("latin1")).join(""));
    _writev?.call(socket, chunks, done);
  };
}

beforeEach(() => subscribe("net.server.socket", recordWrites));
afterEach(async () => {
  unsubscribe("net.server.socket", recordWrites);
  writes.clear();
  for (const connection of opened.splice(0)) connection.destroy();
  await gateway.stop();
});

async function start(options: Parameters<typeof startTestGateway>[1] = {}): Promise<void> {
  gateway = await startTestGateway({}, options);
  engineRequests = [];
  const { io } = gateway.broker.getLocalService("gateway") as unknown as { io: GatewayIo };
  io.engine.on("connection", ({ request }: { request: IncomingMessage }) => engineRequests.push(request));
}

/** Sends bytes and reads until `until` is there or the gateway closes. */
async function send(bytes: string, until: string): Promise<{ text: string; connection: Socket }> {
  const connection = connect({ port: gateway.port, host: "127.0.0.1" });
  opened.push(connection);
  let text = "";
  connection.setEncoding("latin1").write(bytes);
  await new Promise<void>((resolve) => {
    connection.on("error", () => undefined).on("close", () => resolve());
    connection.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes(until)) resolve();
    });
  });
  return { text, connection };
}

/** The end of Engine.IO's first packet. */
const FIRST_PACKET_END = '"maxPayload":65536}';
/** Resolves also after a reset, for which `once` of node:events rejects. */
const waitUntilClosed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
const handshakeFrom = (ip: string, handshake = HANDSHAKE) => `${handshake}cf-connecting-ip: ${ip}\r\n\r\n`;
const socketCap = () => gateway.gateway.caps.find(({ cap }) => cap === "sockets");
const allWrites = () => [...writes.values()];

test("N7: the response to a handshake and Engine.IO's first packet are one write", async () => {
  await start();
  await send(handshakeFrom("192.0.2.1"), FIRST_PACKET_END);
  expect(allWrites()).toEqual([[expect.stringMatching(/^HTTP\/1\.1 101 .*\r\n\r\n..0\{"sid":".*\}$/s)]]);
});

test("N7, H6: engine.io 6.6 reads `_query` of the request, which is the query that the gateway checked", async () => {
  expect(installedVersion("engine.io")).toBe("6.6.12");
  await start();
  for (const query of ["EIO=4&transport=websocket", "t=x1&transport=websocket&EIO=4", "EIO=%34&transport=websocket"]) {
    const handshake = HANDSHAKE.replace("EIO=4&transport=websocket", query);
    expect((await send(handshakeFrom("192.0.2.1", handshake), FIRST_PACKET_END)).text).toContain("HTTP/1.1 101");
  }
  expect(engineRequests.map(({ _query }) => _query)).toEqual(Array(3).fill({ EIO: "4", transport: "websocket" }));
});

test("H6: when a client has joined, engine.io 6.6 keeps only the connection of its request", async () => {
  await start();
  const client = await gateway.connect(tokenOf("ada"));
  const { io } = gateway.broker.getLocalService("gateway") as unknown as { io: GatewayIo };
  const socket = io.of("/").sockets.get(String(client.id)) as GatewaySocket;
  const [request] = engineRequests;
  expect(socket.conn.request).not.toBe(request);
  expect(Object.keys(socket.conn.request)).toEqual(["socket"]);
  expect(socket.request.socket).toBe(request?.socket);
  expect(socket.handshake).toMatchObject({ headers: {}, auth: {}, query: {} });
  // ours and that of `ws`: the one that engine.io 6.6 adds for middlewares would keep the whole request
  expect(socket.request.socket.listenerCount("close")).toBe(2);
  // what socket.io 4.8 reads of it when the client joins another namespace
  const { headers, connection, url, _query } = socket.request as IncomingMessage & { readonly _query?: unknown };
  expect([headers, connection === request?.socket, url]).toEqual([{}, true, ""]);
  expect(_query).toEqual({ EIO: "4", transport: "websocket" });
});

test("ids of connections differ, and cannot be guessed", async () => {
  await start();
  const ids = [];
  for (let n = 0; n < 3; n += 1)
    ids.push(/"sid":"([^"]+)"/.exec((await send(handshakeFrom("192.0.2.1"), FIRST_PACKET_END)).text)?.[1]);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(3);
});

test.each([
  ["another protocol", HANDSHAKE.replace("EIO=4", "EIO=3"), "400"],
  ["a session to take over", HANDSHAKE.replace("EIO=4", "EIO=4&sid=x"), "400"],
  ["no key", HANDSHAKE.replace(/sec-websocket-key: .*\r\n/, ""), "400"],
  ["a body", `${HANDSHAKE}content-length: 3\r\n`, "400"],
  ["another path", HANDSHAKE.replace("/socket.io/", "/socket.io/x"), "404"],
  ["a foreign origin", `${HANDSHAKE}origin: https://evil.test\r\n`, "403"],
])(
  "a handshake with %s is refused with a whole response, in one write, before Engine.IO has it",
  async (_what, handshake, status) => {
    await start();
    const { text } = await send(handshakeFrom("192.0.2.1", handshake), "\0");
    expect(text.slice(9, 12)).toBe(status);
    expect(text.endsWith("}")).toBe(true);
    expect(allWrites()).toEqual([[text]]);
    expect(engineRequests).toEqual([]);
    expect(socketCap()?.used).toBe(0);
  },
);

test("caps and limits refuse before Engine.IO has the connection, for each address separately", async () => {
  const caps = { ...CAPS, sockets: { ...CAPS.sockets, address: 1 } };
  await start({ caps, limits: { ...NO_LIMITS, handshake: { requests: 2, seconds: 60 } } });
  const statuses = [];
  for (const ip of ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
    statuses.push((await send(handshakeFrom(ip), FIRST_PACKET_END)).text.slice(9, 12));
  }
  expect(statuses).toEqual(["101", "429", "429", "101"]);
  expect(engineRequests).toHaveLength(2);
  expect(socketCap()).toMatchObject({ used: 2, refused: 1 });
});

test("a client that closes or resets in the middle of its handshake leaves nothing behind", async () => {
  await start({ caps: { ...CAPS, sockets: { ...CAPS.sockets, address: 1 } } });
  for (const disconnect of ["end", "resetAndDestroy"] as const) {
    const connectionsBefore = writes.size;
    const connection = connect({ port: gateway.port, host: "127.0.0.1" });
    connection.on("error", () => undefined).resume();
    await once(connection, "connect");
    while (writes.size === connectionsBefore) await new Promise((resolve) => setImmediate(resolve));
    connection.write(handshakeFrom("192.0.2.1"));
    connection[disconnect]();
    await waitUntilClosed(connection);
  }
  // its place is free again when the gateway has noticed, which is before it has closed its side
  for (const socket of writes.keys()) await waitUntilClosed(socket);
  expect(socketCap()).toMatchObject({ used: 0 });
  expect((await send(handshakeFrom("192.0.2.1"), FIRST_PACKET_END)).text).toContain("HTTP/1.1 101");
  expect(gateway.log.filter(({ level }) => level === "error" || level === 50)).toEqual([]);
});
