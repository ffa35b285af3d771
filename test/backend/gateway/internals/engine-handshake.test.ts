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

/** What a connection was given to write at once, for each system call. */
const writes = new Map<Socket, string[]>();
let gateway: TestGateway;
/** What Engine.IO got: the requests of its connections. */
let reached: (IncomingMessage & { readonly _query?: unknown })[];

const opened: Socket[] = [];

/** Notes what the gateway writes to a connection: `_write` and `_writev` are one system call each. */
function note(message: unknown): void {
  const { socket } = message as { socket: Socket };
  const noted: string[] = [];
  writes.set(socket, noted);
  const { _write, _writev } = socket;
  socket._write = (chunk: string | Buffer, ...rest) => {
    noted.push(chunk.toString("latin1"));
    _write.call(socket, chunk, ...rest);
  };
  socket._writev = (chunks, done) => {
    noted.push(chunks.map(({ chunk }) => (chunk as string | Buffer).toString("latin1")).join(""));
    _writev?.call(socket, chunks, done);
  };
}

beforeEach(() => subscribe("net.server.socket", note));
afterEach(async () => {
  unsubscribe("net.server.socket", note);
  writes.clear();
  for (const connection of opened.splice(0)) connection.destroy();
  await gateway.stop();
});

async function start(options: Parameters<typeof startTestGateway>[1] = {}): Promise<void> {
  gateway = await startTestGateway({}, options);
  reached = [];
  const { io } = gateway.broker.getLocalService("gateway") as unknown as { io: GatewayIo };
  io.engine.on("connection", ({ request }: { request: IncomingMessage }) => reached.push(request));
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
const FIRST_PACKET = '"maxPayload":65536}';
/** Also after a reset, which is an error. */
const isClosed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
const from = (ip: string, handshake = HANDSHAKE) => `${handshake}cf-connecting-ip: ${ip}\r\n\r\n`;
const sockets = () => gateway.gateway.caps.find(({ cap }) => cap === "sockets");
const noted = () => [...writes.values()];

test("N7: the response to a handshake and Engine.IO's first packet are one write", async () => {
  await start();
  await send(from("192.0.2.1"), FIRST_PACKET);
  expect(noted()).toEqual([[expect.stringMatching(/^HTTP\/1\.1 101 .*\r\n\r\n..0\{"sid":".*\}$/s)]]);
});

test("N7, H6: engine.io 6.6 reads `_query` of the request: the query that was judged, whatever the client has added", async () => {
  expect(installedVersion("engine.io")).toBe("6.6.12");
  await start();
  for (const query of ["EIO=4&transport=websocket", "t=x1&transport=websocket&EIO=4", "EIO=%34&transport=websocket"]) {
    const handshake = HANDSHAKE.replace("EIO=4&transport=websocket", query);
    expect((await send(from("192.0.2.1", handshake), FIRST_PACKET)).text).toContain("HTTP/1.1 101");
  }
  expect(reached.map(({ _query }) => _query)).toEqual(Array(3).fill({ EIO: "4", transport: "websocket" }));
});

test("H6: of the request that engine.io 6.6 keeps in `request` only the connection stays when its client has joined", async () => {
  await start();
  const client = await gateway.connect(tokenOf("ada"));
  const { io } = gateway.broker.getLocalService("gateway") as unknown as { io: GatewayIo };
  const socket = io.of("/").sockets.get(String(client.id)) as GatewaySocket;
  const [request] = reached;
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
    ids.push(/"sid":"([^"]+)"/.exec((await send(from("192.0.2.1"), FIRST_PACKET)).text)?.[1]);
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
])("a handshake with %s is refused whole, in one write, before Engine.IO has it", async (_what, handshake, status) => {
  await start();
  const { text } = await send(from("192.0.2.1", handshake), "\0");
  expect(text.slice(9, 12)).toBe(status);
  expect(text.endsWith("}")).toBe(true);
  expect(noted()).toEqual([[text]]);
  expect(reached).toEqual([]);
  expect(sockets()?.used).toBe(0);
});

test("caps and limits refuse before Engine.IO has the connection, each address by itself", async () => {
  const caps = { ...CAPS, sockets: { ...CAPS.sockets, address: 1 } };
  await start({ caps, limits: { ...NO_LIMITS, handshake: { requests: 2, seconds: 60 } } });
  const answers = [];
  for (const ip of ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
    answers.push((await send(from(ip), FIRST_PACKET)).text.slice(9, 12));
  }
  expect(answers).toEqual(["101", "429", "429", "101"]);
  expect(reached).toHaveLength(2);
  expect(sockets()).toMatchObject({ used: 2, refused: 1 });
});

test("a client that closes or resets in the middle of its handshake leaves nothing behind", async () => {
  await start({ caps: { ...CAPS, sockets: { ...CAPS.sockets, address: 1 } } });
  for (const leave of ["end", "resetAndDestroy"] as const) {
    const known = writes.size;
    const connection = connect({ port: gateway.port, host: "127.0.0.1" });
    connection.on("error", () => undefined).resume();
    await once(connection, "connect");
    while (writes.size === known) await new Promise((resolve) => setImmediate(resolve));
    connection.write(from("192.0.2.1"));
    connection[leave]();
    await isClosed(connection);
  }
  // its place is free again when the gateway has noticed, which is before it has closed its side
  for (const socket of writes.keys()) await isClosed(socket);
  expect(sockets()).toMatchObject({ used: 0 });
  expect((await send(from("192.0.2.1"), FIRST_PACKET)).text).toContain("HTTP/1.1 101");
  expect(gateway.log.filter(({ level }) => level === "error" || level === 50)).toEqual([]);
});
