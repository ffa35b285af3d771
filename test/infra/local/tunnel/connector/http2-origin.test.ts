/** How many requests may wait for an origin with HTTP/2. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import {
  type ClientHttp2Stream,
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeCertificates } from "../../../../../infra/local/tunnel/certificates.ts";
import { Http2Origin, MAX_WAITING_REQUESTS } from "../../../../../infra/local/tunnel/connector/http2-origin.ts";
import { EDGE_SERVER_NAME } from "../../../../../infra/local/tunnel/server-name.ts";

let folder: string;
let server: Http2SecureServer;
let ca: string;
const sessions: ServerHttp2Session[] = [];
const arrived: ServerHttp2Stream[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "causeway-http2-"));
  const certificates = await edgeCertificates(folder, Date.now());
  ca = await readFile(certificates.caFile, "utf8");
  server = createSecureServer({ ...certificates, settings: { maxConcurrentStreams: 1 } });
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream: ServerHttp2Stream) => {
    arrived.push(stream);
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(async () => {
  for (const session of sessions) session.destroy();
  server.close();
  await rm(folder, { recursive: true });
});

async function dial(): Promise<TLSSocket> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, ca, servername: EDGE_SERVER_NAME, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  return socket;
}

const originWith = (dials: () => Promise<TLSSocket>) =>
  new Http2Origin({ connect: dials, idleTimeoutMs: 60_000, maxHeaderBytes: 16_384 });

async function begin(origin: Http2Origin): Promise<ClientHttp2Stream> {
  const started = await origin.request({ ":path": "/" }, false);
  if (started === undefined) throw new Error("the origin has chosen HTTP/1.1");
  return started.stream.on("error", () => {});
}

test("requests beyond those that may wait for others to end are refused, until one has ended", async () => {
  const origin = originWith(dial);
  const first = await begin(origin);
  await once(first, "response");
  const waiting: ClientHttp2Stream[] = [];
  for (let count = 0; count < MAX_WAITING_REQUESTS; count += 1) waiting.push(await begin(origin));
  await expect(begin(origin)).rejects.toThrow(`${MAX_WAITING_REQUESTS} requests to it are waiting`);
  expect(arrived).toHaveLength(1);
  // the one that has waited longest has its turn, and another one may wait
  const [next] = waiting;
  const turn = Promise.all([once(first, "close"), next && once(next, "response")]);
  arrived[0]?.end();
  first.resume();
  await turn;
  waiting.push(await begin(origin));
  await expect(begin(origin)).rejects.toThrow("are waiting");
});

test("requests beyond those that may wait for the connection are refused", async () => {
  const dialling = Promise.withResolvers<TLSSocket>();
  const origin = originWith(() => dialling.promise);
  const waiting = Array.from({ length: MAX_WAITING_REQUESTS }, () => begin(origin));
  const outcomes = Promise.allSettled(waiting);
  await expect(begin(origin)).rejects.toThrow("are waiting");
  dialling.reject(new Error("there is no origin"));
  expect(new Set((await outcomes).map(({ status }) => status))).toEqual(new Set(["rejected"]));
  await expect(begin(origin)).rejects.toThrow("there is no origin");
});
