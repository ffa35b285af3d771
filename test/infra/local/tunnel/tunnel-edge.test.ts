import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerHttp2Stream } from "node:http2";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { equalSecrets } from "../../../../infra/local/tunnel/authorize.ts";
import {
  authorizeTunnel,
  startTunnelEdge,
  type TunnelEdge,
  type TunnelEdgeOptions,
  type TunnelRequest,
} from "../../../../infra/local/tunnel/index.ts";
import { MessageFramer } from "../../../../infra/local/tunnel/wire/capnp-framer.ts";
import { MessageBuilder } from "../../../../infra/local/tunnel/wire/capnp-writer.ts";
import { METHOD, REGISTRATION_INTERFACE } from "../../../../infra/local/tunnel/wire/registration.ts";
import {
  encodeHeaders,
  encodeMeta,
  RESPONSE_HEADERS,
  RESPONSE_META,
} from "../../../../infra/local/tunnel/wire/response-headers.ts";
import { readRpc, writeBootstrap, writeCall } from "../../../../infra/local/tunnel/wire/rpc.ts";
import { fakeConnector, tlsTo } from "./fake-connector.ts";
import { OneTunnel } from "./one-tunnel.ts";
import { ownConnector } from "./own-connector.ts";

const request: TunnelRequest = { method: "GET", path: "/", host: "x", headers: [], body: false };
const { id: tunnelId, secret, authorize } = new OneTunnel();
let folder: string;
let edge: TunnelEdge;
let connections: number;

async function start(options: Partial<TunnelEdgeOptions> = {}): Promise<void> {
  edge = await startTunnelEdge({
    certificates: join(folder, "certificates"),
    authorize,
    onConnections: (_, listed) => {
      connections = listed.length;
    },
    ...options,
  });
}

beforeEach(async () => {
  connections = 0;
  folder = await mkdtemp(join(tmpdir(), "causeway-edge-"));
});

afterEach(async () => {
  await edge.close();
  await rm(folder, { recursive: true });
});

async function tcpTo(edge: TunnelEdge): Promise<Socket> {
  const socket = connect(Number(edge.address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** A TCP connection that says nothing; resolves when the edge has closed it. */
function silentConnection(): Promise<unknown> {
  const socket = connect(Number(edge.address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  return new Promise((resolve) => socket.once("close", resolve));
}

describe("peers that have not registered", () => {
  test("a client without TLS is disconnected at the handshake's deadline", async () => {
    await start({ limits: { handshakeTimeoutMs: 50 } });
    await silentConnection();
  });

  test("a client that does not register is disconnected at the deadline, whether it sends or not", async () => {
    // long enough for a handshake on a busy machine, which would be cut off as well
    await start({ limits: { registrationTimeoutMs: 1_000 } });
    const silent = await tlsTo(edge);
    const silentClosed = once(silent, "close"); // it may close before the connector is there
    silent.resume();
    const { closed } = await fakeConnector(edge);
    await Promise.all([silentClosed, closed]);
  });

  const FOREVER = 600_000;

  test("there is a maximum of them, above which the oldest is closed; those registered do not count", async () => {
    await start({
      limits: { unsecured: 2, unregistered: 2, handshakeTimeoutMs: FOREVER, registrationTimeoutMs: FOREVER },
    });
    const known = await fakeConnector(edge);
    await known.register({ tunnelId, secret });
    const silent = [silentConnection(), silentConnection()];
    const third = await tcpTo(edge);
    await Promise.race(silent);
    const secured = [await tlsTo(edge), await tlsTo(edge)];
    for (const socket of secured) socket.resume();
    const speaking = await fakeConnector(edge);
    await Promise.race(secured.map((socket) => once(socket, "close")));
    expect(edge.connections(tunnelId)).toBe(1);
    third.destroy();
    speaking.socket.destroy();
    for (const socket of secured) socket.destroy();
  });

  test("S16: clients that take every place, and connect again when they lose one, do not keep a connector out", async () => {
    const tunnel = new OneTunnel({ ingress: [{ service: "http_status:204" }] });
    await start({
      authorize: tunnel.authorize,
      limits: { handshakeTimeoutMs: FOREVER, registrationTimeoutMs: FOREVER },
    });
    const port = Number(edge.address.split(":")[1]);
    const ca = await readFile(edge.caFile);
    const open = new Set<Socket>();
    let dials = 0;
    let over = false;
    const holdPlace = (dial: () => Socket): void => {
      if (over || dials >= 6_000) return;
      dials += 1;
      const socket = dial();
      open.add(socket);
      socket.on("error", () => {}).resume();
      socket.once("close", () => {
        open.delete(socket);
        holdPlace(dial);
      });
    };
    const silent = () => connect(port, "127.0.0.1");
    const secured = () => connectTls({ host: "127.0.0.1", port, ca, servername: "h2.cftunnel.com" });
    for (let index = 0; index < 600; index += 1) holdPlace(silent);
    for (let index = 0; index < 80; index += 1) holdPlace(secured);
    while (dials < 1_000) await new Promise((resolve) => setTimeout(resolve, 10)); // places were lost and taken again

    const connector = ownConnector({
      token: tunnel.token(),
      edge: edge.address,
      caFile: edge.caFile,
      gracePeriod: 100,
    });
    await (await connector).ready;
    const response = await edge.open(tunnel.id, request)?.response;
    expect(response?.status).toBe(204);
    over = true;
    for (const socket of open) socket.destroy();
    await (await connector).stop();
  });

  test("S16: an address that holds most places loses them first", async () => {
    await start({ limits: { unsecured: 8, handshakeTimeoutMs: FOREVER, registrationTimeoutMs: FOREVER } });
    const port = Number(edge.address.split(":")[1]);
    const patient = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    let lost = false;
    patient
      .on("error", () => {})
      .once("close", () => {
        lost = true;
      });
    await once(patient, "connect");
    const flood = Array.from({ length: 50 }, () => silentConnection());
    await Promise.race([Promise.all(flood.slice(0, 20)), Promise.all(flood.slice(20, 40))]);
    expect(lost).toBe(false);
    patient.destroy();
  });

  test.each([
    [
      "random bytes after the TLS handshake",
      async () => {
        const socket = await tlsTo(edge);
        socket.write(randomBytes(8192));
        socket.resume();
        await once(socket, "close");
      },
    ],
    [
      "an HTTP/1.1 response",
      async () => {
        const socket = await tlsTo(edge);
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.resume();
        await once(socket, "close");
      },
    ],
    [
      "random bytes on the control stream",
      async () => {
        const { control, closed } = await fakeConnector(edge);
        control.write(randomBytes(8192));
        await closed;
      },
    ],
    [
      "a control message of gigabytes",
      async () => {
        const { control, closed } = await fakeConnector(edge);
        const header = Buffer.alloc(8);
        header.writeUInt32LE(0x1fffffff, 4);
        control.write(header);
        await closed;
      },
    ],
    [
      "a message of unknown kind",
      async () => {
        const { control, closed } = await fakeConnector(edge);
        const message = new MessageBuilder();
        message.root(1, 1).uint16(0, 77);
        control.write(message.finish());
        await closed;
      },
    ],
    [
      "more messages than a connector has use for",
      async () => {
        const { control, closed } = await fakeConnector(edge);
        for (let index = 0; index < 100; index += 1) control.write(writeBootstrap(index));
        await closed;
      },
    ],
    [
      "two registrations on one connection",
      async () => {
        const connector = await fakeConnector(edge);
        const both = [connector.register({ tunnelId, secret }), connector.register({ tunnelId, secret })];
        await Promise.allSettled(both);
        await connector.closed;
      },
    ],
  ])("%s end that connection and nothing else", async (_, attack) => {
    await start();
    const known = await fakeConnector(edge);
    await known.register({ tunnelId, secret });
    await attack();
    expect(edge.connections(tunnelId)).toBe(1);
    const answer = await edge.open(tunnelId, request)?.response;
    expect(answer?.status).toBe(200);
  });

  test("fuzz: whatever is written on the control stream, the edge goes on", async () => {
    await start({ limits: { registrationTimeoutMs: 200 } });
    const valid = writeCall(
      { question: 1, answerTo: 0, interfaceId: REGISTRATION_INTERFACE, method: METHOD.registerConnection },
      (payload) => payload.struct(0, 1, 3),
    );
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(valid),
      fc.constant(writeBootstrap(0)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
        const { control, socket, closed } = await fakeConnector(edge);
        for (const bytes of parts) control.write(bytes);
        control.end();
        await closed;
        socket.destroy();
      }),
      { numRuns: 25 },
    );
    const known = await fakeConnector(edge);
    expect(await known.register({ tunnelId, secret })).toMatchObject({ ok: true });
  });

  test("calls of a capability that was not exported get an exception", async () => {
    await start();
    const { control, client } = await fakeConnector(edge);
    const framer = new MessageFramer(64 * 1024);
    const answers: (readonly [answer: number, type: string])[] = [];
    control.on("data", (chunk: Buffer) => {
      for (const message of framer.push(chunk).map(readRpc)) {
        if (message.type === "return" || message.type === "exception") answers.push([message.answer, message.type]);
      }
    });
    control.write(
      writeCall({ question: 99, answerTo: 7, interfaceId: REGISTRATION_INTERFACE, method: 0 }, (payload) =>
        payload.struct(0, 0, 0),
      ),
    );
    control.write(
      writeCall({ question: 98, answerTo: 0, interfaceId: 1n, method: 0 }, (payload) => payload.struct(0, 0, 0)),
    );
    await client.unregister();
    expect(answers).toEqual(
      expect.arrayContaining([
        [99, "exception"],
        [98, "exception"],
      ]),
    );
  });
});

describe("which connectors may register", () => {
  test("an unknown tunnel, a deleted one, another account and a wrong secret get the same refusal", async () => {
    const known = { accountTag: "account", secret, config: null, version: 0, deletedAt: null };
    const claim = { accountTag: "account", tunnelId, secret };
    const reasons = [
      authorizeTunnel(undefined, claim),
      authorizeTunnel({ ...known, deletedAt: "2026-11-22T00:00:00Z" }, claim),
      authorizeTunnel({ ...known, accountTag: "other" }, claim),
      authorizeTunnel({ ...known, secret: Buffer.alloc(0) }, { ...claim, secret: Buffer.alloc(0) }),
      authorizeTunnel(known, { ...claim, secret: secret.subarray(0, 31) }),
      authorizeTunnel(known, { ...claim, secret: Buffer.concat([secret, Buffer.alloc(1)]) }),
    ];
    for (const reason of reasons) expect(reason).toEqual({ ok: false, reason: "Invalid tunnel secret" });
    expect(authorizeTunnel(known, claim)).toEqual({ ok: true, config: null });
    expect([equalSecrets(secret, Buffer.from(secret)), equalSecrets(secret, randomBytes(32))]).toEqual([true, false]);
  });

  test("a refused connector gets the reason and is disconnected by the edge", async () => {
    await start();
    const connector = await fakeConnector(edge);
    expect(await connector.register({ tunnelId, secret: randomBytes(32) })).toEqual({
      ok: false,
      cause: "Unauthorized: Invalid tunnel secret",
    });
    await connector.closed;
    expect(connections).toBe(0);
  });

  test("a tunnel has a maximum of connections; the next is told to retry later", async () => {
    await start({ limits: { perTunnel: 1 } });
    await (await fakeConnector(edge)).register({ tunnelId, secret });
    const result = await (await fakeConnector(edge)).register({ tunnelId, secret });
    expect(result).toMatchObject({ ok: false, cause: expect.stringMatching(/too many/), retryAfterMs: 5000 });
  });

  test("a connector that comes back for the same index replaces its old connection", async () => {
    await start();
    const clientId = randomUUID();
    const old = await fakeConnector(edge);
    await old.register({ tunnelId, secret, clientId, index: 2 });
    await (await fakeConnector(edge)).register({ tunnelId, secret, clientId, index: 2 });
    await old.closed;
    expect([edge.connections(tunnelId), connections]).toEqual([1, 1]);
  });
});

test("T1: the streams of a connection have a window of 8 MiB together, so that it does not slow them down", async () => {
  await start();
  const { session, register, closed } = await fakeConnector(edge);
  await register({ tunnelId, secret });
  // the registration has used a little of it
  expect(session.state.remoteWindowSize).toBeGreaterThan(8_000_000);
  session.destroy();
  await closed;
});

describe("requests", () => {
  const held: ServerHttp2Stream[] = [];
  const hold = (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, [RESPONSE_META]: encodeMeta("origin") });
    held.push(stream);
  };

  test("go to the least loaded connection, and in turn where the load is equal", async () => {
    await start();
    const counts = [0, 0, 0];
    for (const index of counts.keys()) {
      const connector = await fakeConnector(edge, (stream) => {
        counts[index]! += 1;
        hold(stream);
      });
      await connector.register({ tunnelId, secret });
    }
    const open = async () => {
      const stream = edge.open(tunnelId, request)!;
      await stream.response;
      return stream;
    };
    const streams = [];
    for (let index = 0; index < 9; index += 1) streams.push(await open());
    expect(counts).toEqual([3, 3, 3]);
    for (const stream of streams) stream.destroy();
    await Promise.all(streams.map((stream) => stream.trailers));
    for (let index = 0; index < 3; index += 1) {
      const stream = await open();
      stream.destroy();
      await stream.trailers;
    }
    expect(counts).toEqual([4, 4, 4]);
  });

  test.each([
    ["headers that are no base64", { [RESPONSE_HEADERS]: "%%" }],
    ["a header with a line break", { [RESPONSE_HEADERS]: encodeHeaders([["x", "a\r\nb: c"]]) }],
  ])("an answer with %s is BAD_RESPONSE", async (_, headers) => {
    await start();
    const connector = await fakeConnector(edge, (stream) => stream.respond({ ":status": 200, ...headers }));
    await connector.register({ tunnelId, secret });
    await expect(edge.open(tunnelId, request)?.response).rejects.toMatchObject({ code: "BAD_RESPONSE" });
    expect(edge.connections(tunnelId)).toBe(1);
  });

  test("a connection that is lost ends its streams: before the response with STREAM_LOST, after it with an error", async () => {
    await start();
    const connector = await fakeConnector(edge, (stream) => {
      if (held.length === 0) hold(stream);
      else connector.socket.destroy();
    });
    held.length = 0;
    await connector.register({ tunnelId, secret });
    const first = edge.open(tunnelId, request)!;
    await first.response;
    const second = edge.open(tunnelId, request)!;
    await expect(second.response).rejects.toMatchObject({ code: "STREAM_LOST" });
    await first.trailers;
    expect(first.readableEnded).toBe(false);
    expect([edge.open(tunnelId, request), connections]).toEqual([undefined, 0]);
  });

  test("a connector that leaves with a GOAWAY gets no new requests, and ends those it has", async () => {
    await start();
    held.length = 0;
    const connector = await fakeConnector(edge, hold);
    await connector.register({ tunnelId, secret });
    const stream = edge.open(tunnelId, request)!;
    await stream.response;
    connector.session.goaway();
    while (connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(edge.open(tunnelId, request)).toBeUndefined();
    held[0]?.end("whole");
    expect(String((await once(stream, "data"))[0])).toBe("whole");
  });

  test("a stalled connector does not delay the configuration of the others", async () => {
    await start();
    await (await fakeConnector(edge, (stream, kind) => kind && stream.close())).register({ tunnelId, secret });
    await edge.configure(tunnelId, 1, { ingress: [] });
  });
});

test("a port in use, and a folder that is a file, are clear errors", async () => {
  await start();
  const port = Number(edge.address.split(":")[1]);
  const again = { authorize: () => ({ ok: false, reason: "" }) as const, onConnections: () => {} };
  await expect(startTunnelEdge({ ...again, port, certificates: join(folder, "certificates") })).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringMatching(String(port)),
  });
  await writeFile(join(folder, "file"), "");
  await expect(startTunnelEdge({ ...again, certificates: join(folder, "file") })).rejects.toMatchObject({
    code: "CERTIFICATES_UNUSABLE",
  });
});
