import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVER_TIMES } from "../../../../backend/gateway/limits/server-times.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

let gateway: TestGateway;
/** One that waits for nothing: on a busy machine a request that is sent at once may be late for it. */
let impatient: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    "users.login": () => ({ ok: true }) as never,
    "users.profile": () => ({ id: "x" }) as never,
  });
  impatient = await startTestGateway(
    {},
    { times: { headersMs: 200, requestMs: 400, keepAliveMs: 1000, checkIntervalMs: 50 } },
  );
});
afterAll(() => Promise.all([gateway.stop(), impatient.stop()]));

test("idle connections outlive cloudflared's pool, so that it never sends into a connection we are closing", () => {
  expect(SERVER_TIMES.keepAliveMs).toBeGreaterThan(90_000);
});

test("a client that is slow with its header fields or its body gets a 408 and is closed", async () => {
  const headers = await impatient.sendBytes("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ");
  expect(headers).toContain("HTTP/1.1 408");
  expect(headers).toContain('"code":"TIMEOUT"');
  const body = await impatient.sendBytes(
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  );
  expect(body).toContain("HTTP/1.1 408");
});

test("a client that goes away in the middle leaves nothing behind", async () => {
  const connection = connect({ port: gateway.port, host: "127.0.0.1" });
  connection.write(
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  );
  await once(connection, "connect");
  connection.destroy();
  expect((await gateway.request("GET", "/")).status).toBe(200);
});

test("a client that keeps its half open after a refused upgrade is cut: no timeout of the server's would", async () => {
  const connection = connect({ port: gateway.port, host: "127.0.0.1", allowHalfOpen: true });
  const closed = new Promise((resolve) => connection.on("error", resolve).on("close", resolve));
  connection.resume().write("GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  await once(connection, "end");
  const writing = setInterval(() => connection.write("x"), 5);
  await closed;
  clearInterval(writing);
  connection.destroy();
});

/** How many connections wait in the kernel at most, whatever a program asks for; undefined where it is not told. */
function mostWaiting(): number | undefined {
  const file = "/proc/sys/net/core/somaxconn";
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
}

/** Connects as often as `count` says, and notifies a thread that waits when all connections are established. */
const CLIENTS = `
  const { connect } = require("node:net");
  const { workerData: { port, count, established } } = require("node:worker_threads");
  let open = 0;
  for (let i = 0; i < count; i += 1) {
    connect(port, "127.0.0.1", () => {
      if ((open += 1) < count) return;
      Atomics.store(established, 0, 1);
      Atomics.notify(established, 0);
    }).on("error", () => undefined);
  }
`;

const COUNT = 700;
// Node's own default is 511
const whereSoManyMayWait = (mostWaiting() ?? 0) >= COUNT ? test : test.skip;
whereSoManyMayWait("N7: 700 clients that come at once get their connections while the process is busy", async () => {
  const established = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(CLIENTS, { eval: true, workerData: { port: gateway.port, count: COUNT, established } });
  // nothing is accepted meanwhile: what does not fit into the queue is dropped, and again when it is repeated
  Atomics.wait(established, 0, 0, 20_000);
  expect(established[0]).toBe(1);
  await worker.terminate();
});

const QUERY = "?EIO=4&transport=websocket";
const KEY_FIELD = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
const WEB_SOCKET = `sec-websocket-version: 13\r\n${KEY_FIELD}\r\n`;
const upgrade = (query: string, fields = WEB_SOCKET) =>
  `GET /socket.io/${query} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${fields}\r\n`;
const encoded = (encoding: string) =>
  `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: ${encoding}\r\n\r\n0\r\n\r\n`;
const chunked = (body: string) =>
  `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${body}`;

test.each([
  ["no HTTP at all", "hello\r\n\r\n", "400"],
  ["a bare line feed in a field", "GET / HTTP/1.1\nhost: x\n\n", "400"],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", "400"],
  [
    "two lengths",
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "400",
  ],
  [
    "a length and chunks",
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
    "400",
  ],
  [
    "a chunk size that is none",
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "400",
  ],
  ["a space before the colon", "GET / HTTP/1.1\r\nhost : x\r\n\r\n", "400"],
  ["a continuation line", "GET / HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n", "400"],
  ["NUL in a field", "GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n", "400"],
  ["a method that is none", "PROPFUND / HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["CONNECT", "CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n", "404"],
  ["fields over 16 KiB", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(17_000)}\r\n\r\n`, "431"],
  [
    "an upgrade somewhere else",
    "GET /api/users/me HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "404",
  ],
  [
    "an upgrade to something else",
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "404",
  ],
  [
    "Socket.IO at another spelling",
    "GET /socket.io/x?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "404",
  ],
  [
    "Socket.IO's old protocol",
    "GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "400",
  ],
  ["S13: two protocols of Socket.IO, the right one first", upgrade("?EIO=4&EIO=3&transport=websocket"), "400"],
  ["S13: two protocols of Socket.IO, the right one last", upgrade("?EIO=3&EIO=4&transport=websocket"), "400"],
  ["S13: two transports", upgrade("?EIO=4&transport=websocket&transport=polling"), "400"],
  ["S13: a transport that is there twice", upgrade("?EIO=4&transport=websocket&transport=websocket"), "400"],
  ["S13: a parameter that no client of Socket.IO 4 sends", upgrade("?EIO=4&transport=websocket&b64=1"), "400"],
  ["S13: no key of a WebSocket", upgrade(QUERY, "sec-websocket-version: 13\r\n"), "400"],
  ["S13: a key of a WebSocket that is none", upgrade(QUERY, `sec-websocket-version: 13\r\n${KEY_FIELD}x\r\n`), "400"],
  ["S13: another version of WebSocket", upgrade(QUERY, `sec-websocket-version: 8\r\n${KEY_FIELD}\r\n`), "400"],
  ["S14: two hosts", "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", "400"],
  ["S14: one host twice", "GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n", "400"],
  ["S14: two hosts for a WebSocket", upgrade(QUERY, `${WEB_SOCKET}host: y\r\n`), "400"],
  ["S14: an encoding besides chunks", encoded("gzip, chunked"), "400"],
  ["S14: an encoding in a field of its own", encoded("gzip\r\ntransfer-encoding: chunked"), "400"],
  ["S14: chunks twice", encoded("chunked, chunked"), "400"],
  ["S14: an encoding that is no chunks", encoded("identity"), "400"],
  ["S14: chunks in HTTP/1.0", encoded("chunked").replace("HTTP/1.1", "HTTP/1.0"), "400"],
  ["two lengths that are equal", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n", "400"],
  ["a length with a sign", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\nx", "400"],
  ["a length in hexadecimal", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0x1\r\n\r\nx", "400"],
  ["a chunk size with a sign", chunked("+1\r\nx\r\n0\r\n\r\n"), "400"],
  ["a chunk without its end", chunked("1\r\nxx0\r\n\r\n"), "400"],
  ["a space in the path", "GET /a b HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["another version of HTTP", "GET / HTTP/3.0\r\nhost: x\r\n\r\n", "400"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"],
  ["a field without a name", "GET / HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n", "400"],
  ["a field's name with a control character", "GET / HTTP/1.1\r\nhost: x\r\na\x01b: y\r\n\r\n", "400"],
  ["a bare carriage return in a field", "GET / HTTP/1.1\r\nhost: x\r\nx: a\rb: c\r\n\r\n", "400"],
  [
    "a session to take over",
    "GET /socket.io/?EIO=4&transport=websocket&sid=x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "400",
  ],
])("%s is refused in the one shape, and the connection closed", async (_what, bytes, status) => {
  const answer = await gateway.sendBytes(bytes);
  expect(answer.slice(9, 12)).toBe(status);
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  expect(JSON.parse(body)).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  expect(answer.toLowerCase()).toContain("connection: close");
  expect(answer.toLowerCase()).toContain("content-security-policy: default-src 'none'");
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test("S13: what `ws` would refuse in its own way is refused by us, and subprotocols are not chosen", async () => {
  const offers = `${WEB_SOCKET}sec-websocket-protocol: ,;\r\n`;
  const answer = await gateway.sendBytes(upgrade(QUERY, offers), (text) => text.includes("\r\n\r\n"));
  expect(answer).toContain("HTTP/1.1 101");
  expect(answer.toLowerCase()).not.toContain("sec-websocket-protocol");
});

test.each([
  [
    "S12: header fields over 16 KiB",
    (connection: Socket) => writeSlowly(connection, `GET / HTTP/1.1\r\nhost: x\r\nx: `),
    "431",
  ],
  [
    "S12: 150 header fields",
    (connection: Socket) =>
      writeSlowly(
        connection,
        `GET / HTTP/1.1\r\nhost: x\r\n${Array.from({ length: 150 }, (_, n) => `a${n}: x\r\n`).join("")}x: `,
      ),
    "431",
  ],
  [
    "S12: a body of 60 MB",
    (connection: Socket) =>
      writeSlowly(
        connection,
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000000\r\n\r\n",
      ),
    "413",
  ],
  [
    "S12: a body in chunks without end",
    (connection: Socket) => writeSlowly(connection, `${chunked("")}ffffff\r\n`),
    "413",
  ],
])("%s: the refusal reaches a client that is still sending", async (_what, send, status) => {
  for (let n = 0; n < 5; n++) {
    const connection = connect({ port: gateway.port, host: "127.0.0.1" });
    let text = "";
    connection.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    const ended = once(connection, "end");
    const wasReset = once(connection, "error").then(([error]) => error as Error);
    await send(connection);
    // a reset before the response was read would be an error, and the response lost
    expect(await Promise.race([ended, wasReset])).toEqual([]);
    expect(text.slice(9, 12)).toBe(status);
    connection.destroy();
  }
});

/** Sends a head, and then a megabyte that the server refuses, piece by piece. */
async function writeSlowly(connection: Socket, head: string): Promise<void> {
  await once(connection, "connect");
  connection.write(head);
  for (let n = 0; n < 64 && connection.writable; n++) {
    await new Promise((resolve) => connection.write("x".repeat(16_384), resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a refusal before the body is read does not spoil the next request of the connection", async () => {
  const body = JSON.stringify({ email: "a@example.org", password: "x" });
  const first = `POST /api/nothing HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const second = `GET /api/users/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokenOf("a")}\r\nconnection: close\r\n\r\n`;
  const answers = await gateway.sendBytes(first + second);
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200"]);
});

test("a client that waits to be asked for its body gets the last response of its connection: the body may follow or not", async () => {
  const head = `host: x\r\nauthorization: Bearer ${tokenOf("ann")}\r\n`;
  const expecting = `GET /api/users/me HTTP/1.1\r\n${head}expect: 100-continue\r\ncontent-length: 3\r\n\r\n`;
  // the next request would be taken for the body of the first one in part
  const text = await gateway.sendBytes(`${expecting}GET /api/users/me HTTP/1.1\r\n${head}connection: close\r\n\r\n`);
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
  expect(text).toMatch(/^connection: close\r$/im);
});

test("every response has the security headers, and an id that is in the log", async () => {
  for (const path of ["/", "/api/users/me", "/nothing"]) {
    const { headers } = await gateway.request("GET", path, { headers: { "cf-connecting-ip": "198.51.100.7" } });
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    const line = gateway.log.find(({ id }) => id === headers.get("x-request-id"));
    expect(line).toMatchObject({ msg: "request", method: "GET", path });
  }
  const { headers } = await gateway.request("GET", "/", { headers: { "cf-ray": "0123456789abcdef-FRA" } });
  expect(gateway.log.filter(({ id }) => id === headers.get("x-request-id"))).toMatchObject([
    { ray: "0123456789abcdef-FRA" },
  ]);
});
