import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { createBroker, nodeLinks } from "../../../backend/broker.ts";
import { readConfig } from "../../../backend/config.ts";
import { readBody, readFiles } from "../../../backend/contract/index.ts";
import { createLog } from "../../../backend/log.ts";
import { object, string, unbounded } from "../../../backend/surface/grammar.ts";
import { bytes, events, form } from "../../../backend/surface/stream-grammar.ts";
import {
  headOf,
  openConnection,
  type StreamCase,
  startStreamGateway,
  streamService,
} from "../../backend/gateway/streams/stream-gateway.ts";
import type { TestGateway } from "../../backend/test-gateway.ts";
import { tokenOf } from "../../backend/test-tokens.ts";
import { type NatsServer, nodeEnv, startNats } from "./nats-server.ts";

/* Entries of kind `stream` whose actions run on another node than the one that the client is connected to. */

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

let gateway: TestGateway;
let owner: ServiceBroker;
afterEach(() => Promise.all([gateway.stop(), owner.stop()]));

async function start(cases: Readonly<Record<string, StreamCase>>): Promise<void> {
  const config = readConfig({ ...nodeEnv(nats.url), NODE_ID: "owner", LOG_LEVEL: "silent" });
  const log = createLog(config);
  owner = createBroker(config, log, nodeLinks(config, log));
  owner.createService(streamService(cases));
  await owner.start();
  gateway = await startStreamGateway(cases, { config: { ...nodeEnv(nats.url), NODE_ID: "door" } }, []);
  await gateway.broker.waitForServices("files", 10_000, 20);
}

const octets = { types: ["application/octet-stream"] };
const length = object({ length: unbounded.integer() });
const token = tokenOf("ann");
const file = { "content-type": "application/octet-stream" };

test("bodies, forms and responses pass between nodes unchanged", async () => {
  const MIB = 1024 * 1024;
  await start({
    whole: {
      body: bytes(octets),
      bodyLimit: 3 * MIB,
      returns: length,
      run: async (ctx) => ({ length: (await readBody(ctx)).length }),
    },
    streamed: {
      body: bytes({ ...octets, streamed: true }),
      bodyLimit: 3 * MIB,
      returns: length,
      run: async (ctx) => ({ length: (await readBody(ctx)).length }),
    },
    form: {
      body: form({
        fields: { title: string({ min: 1, max: 9 }) },
        files: { photo: { types: ["image/png"], max: 2, bytes: MIB } },
      }),
      bodyLimit: 2 * MIB,
      returns: length,
      async run(ctx) {
        const files = await readFiles(ctx as never);
        return { length: files.reduce((sum, { contents }) => sum + contents.length, 0) };
      },
    },
    download: {
      returns: bytes(octets),
      run(ctx) {
        ctx.meta.$responseHeaders = { "content-disposition": 'attachment; filename="a.bin"' };
        return Readable.from(
          Array.from({ length: 40 }, () => Buffer.alloc(100_000, 7)),
          { objectMode: false },
        );
      },
    },
    buffer: { returns: bytes(octets), run: () => Buffer.alloc(250_000, 7) },
  });
  const body = Buffer.alloc(2 * MIB, 1);
  for (const path of ["/api/whole", "/api/streamed"])
    expect((await gateway.request("POST", path, { token, body, headers: file })).json).toEqual({ length: 2 * MIB });
  const given = new FormData();
  given.append("title", "two");
  for (const name of ["a.png", "b.png"])
    given.append("photo", new Blob([Buffer.alloc(500_000)], { type: "image/png" }), name);
  const sent = await fetch(`${gateway.url}/api/form`, {
    method: "POST",
    body: given,
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await sent.json()).toEqual({ length: 1_000_000 });
  for (const [path, expected] of [
    ["/api/download", 4_000_000],
    ["/api/buffer", 250_000],
  ] as const) {
    const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } });
    const got = Buffer.from(await response.arrayBuffer());
    expect([path, got.length, got.every((byte) => byte === 7)]).toEqual([path, expected, true]);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
  }
});

test("events of another node end there when the client goes away, and a body that is cut off ends its action", async () => {
  const source = new PassThrough({ objectMode: true });
  let cut: ((error: unknown) => void) | undefined;
  const failed = new Promise((resolve) => {
    cut = resolve;
  });
  await start({
    ticks: { returns: events({ tick: object({}) }), run: () => source },
    put: {
      body: bytes({ ...octets, streamed: true }),
      returns: length,
      run: (ctx) =>
        readBody(ctx).then(
          (body) => ({ length: body.length }),
          (error: unknown) => {
            cut?.(error);
            throw error;
          },
        ),
    },
  });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  source.write({ event: "tick", data: {} });
  await connection.until((text) => text.includes("event: tick\ndata: {}\n\n"));
  const closed = once(source, "close");
  connection.socket.destroy();
  await closed;
  const uploading = openConnection(gateway.port);
  uploading.socket.write(`${headOf("POST", "/api/put", { ...file, "content-length": 10 })}abc`);
  while (gateway.gateway.caps.find(({ cap }) => cap === "request_bodies")?.used !== 1)
    await new Promise((resolve) => setImmediate(resolve));
  uploading.socket.destroy();
  expect(await failed).toBeInstanceOf(Error);
});

test("a client that reads slowly holds back the node that sends", async () => {
  let made = 0;
  const source = new Readable({
    read() {
      made += 64 * 1024;
      this.push(Buffer.alloc(64 * 1024));
    },
  });
  await start({ get: { returns: bytes(octets), run: () => source } });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/get"));
  await connection.until((text) => text.length > 100_000);
  connection.socket.pause();
  let before = -1;
  while (before !== made) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  // the window between the nodes, and what kernel and buffers take
  expect(made).toBeLessThan(16 * 1024 * 1024);
  const closed = once(source, "close");
  connection.socket.destroy();
  await closed;
});
