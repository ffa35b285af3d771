import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type WebSocket, WebSocketServer } from "ws";
import { HOST, TestSite } from "../../../../infra/local/edge/test-site.ts";

const BIG = Buffer.alloc(4 * 1024 * 1024, "x");
let testSite: TestSite;
let asked: string[];
let clients: Socket[];

/** Sends a large body at the pace it is taken. */
function sendBig(response: ServerResponse): void {
  response.setHeader("content-length", BIG.length);
  let at = 0;
  const pump = () => {
    while (at < BIG.length) {
      const chunk = BIG.subarray(at, at + 64 * 1024);
      at += chunk.length;
      if (!response.write(chunk)) return void response.once("drain", pump);
    }
    response.end();
  };
  pump();
}

async function build(edge: Parameters<typeof TestSite.build>[1] = {}): Promise<void> {
  testSite = await TestSite.build((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/small") response.end("small");
    else if (request.url === "/big") sendBig(response);
  }, edge);
}

/** A client that sends what it is given and reads nothing. */
function deafClient(bytes: string): Socket {
  const socket = testSite.dial();
  socket.on("error", () => {});
  socket.pause();
  socket.write(bytes);
  clients.push(socket);
  return socket;
}

/** Resolves when the edge has ended the connection of a client that does not read. */
async function cutOff(socket: Socket): Promise<void> {
  socket.resume(); // the end is behind what was sent
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${more}\r\n`;
const held = () => process.memoryUsage().arrayBuffers;

beforeEach(() => {
  asked = [];
  clients = [];
});
afterEach(async () => {
  for (const socket of clients) socket.destroy();
  await testSite.close();
});

describe("requests whose clients do not read the responses", () => {
  test("S15: pipelined requests hold one response for each connection, and another client is served at once", async () => {
    await build();
    const before = held();
    for (let index = 0; index < 20; index += 1) deafClient(get("/big").repeat(60));
    while (asked.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    const since = performance.now();
    for (let index = 0; index < 10; index += 1) expect((await testSite.get("/small")).status).toBe(200);
    expect(performance.now() - since).toBeLessThan(15_000);
    expect(asked.filter((path) => path === "/big")).toHaveLength(20);
    expect(held() - before).toBeLessThan(200 * 1024 * 1024); // 20 connections hold about 10 MB, what was freed apart
  });

  test("S15: a client that does not read is disconnected at the deadline, and the origin stops", async () => {
    await build({ edge: { timeouts: { readingMs: 300 } } });
    const gone = new Promise<void>((resolve) => {
      testSite.origin.once("request", (_request, response) => response.once("close", () => resolve()));
    });
    deafClient(get("/big").repeat(3));
    await gone;
    const [record] = await testSite.over(1);
    expect(record).toMatchObject({ status: 200, failure: { message: expect.stringContaining("cut") } });
    expect(asked).toEqual(["/big"]);
  });

  test("S15: where too many bytes wait, those that have waited longest are disconnected, and who reads gets everything", async () => {
    await build({ edge: { maxUnreadBytes: 512 * 1024 } });
    for (let index = 0; index < 20; index += 1) deafClient(get("/big"));
    const { body } = await testSite.get("/big");
    expect(body).toHaveLength(BIG.length);
    const cut = (await testSite.over(10)).filter(({ failure }) => failure?.message.includes("cut"));
    expect(cut.length).toBeGreaterThan(5); // long before the deadline of 30 s
  });

  test("S15: a WebSocket that does not read is disconnected at the deadline", async () => {
    await build({ edge: { timeouts: { readingMs: 300 } } });
    const server = new WebSocketServer({ noServer: true });
    const opened = new Promise<WebSocket>((resolve) => {
      testSite.origin.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head, resolve));
    });
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const client = deafClient(get("/socket", `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`));
    const socket = await opened;
    const closed = once(socket, "close");
    for (let index = 0; index < 8; index += 1) socket.send(BIG);
    await closed;
    await cutOff(client);
    server.close();
  });
});

describe("requests that wait for their turn", () => {
  test("S15: waiting requests with large heads are bounded in bytes", async () => {
    await build();
    const large = get("/never", `X-Large: ${"x".repeat(60_000)}\r\n`.repeat(2));
    expect(await testSite.raw(large.repeat(8))).toBe("");
    expect(asked.length).toBeLessThan(2);
  });

  test("a WebSocket that is asked for before the response to an earlier request is not written into that response", async () => {
    await build();
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const upgrade = get("/small", `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`);
    const reply = await testSite.raw(get("/big") + upgrade, (text) => text.endsWith("small"));
    expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
    const body = reply.slice(reply.indexOf("\r\n\r\n") + 4).slice(0, BIG.length);
    expect(body.replaceAll("x", "")).toBe("");
  });

  test("what comes after CONNECT or nonsense behind an earlier request is not written into its response", async () => {
    await build();
    for (const next of [`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, "nonsense\r\n\r\n"]) {
      const reply = await testSite.raw(get("/big") + next);
      expect(reply.match(/HTTP\/1\.1 \d+/g) ?? []).not.toContain("HTTP/1.1 405");
      expect(reply.match(/HTTP\/1\.1 \d+/g) ?? []).not.toContain("HTTP/1.1 400");
    }
  });
});
