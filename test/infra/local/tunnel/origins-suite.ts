import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer, type Http2ServerResponse, type Http2Stream } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { WebSocketServer } from "ws";
import { edgeCertificates } from "../../../../infra/local/tunnel/certificates.ts";
import {
  startTunnelEdge,
  type TunnelConfiguration,
  type TunnelEdge,
  type TunnelRequest,
  type TunnelStream,
} from "../../../../infra/local/tunnel/index.ts";
import { EDGE_SERVER_NAME } from "../../../../infra/local/tunnel/server-name.ts";
import { within } from "../../../within.ts";
import { clientFrame, serverFrame, take } from "./frames.ts";
import { OneTunnel } from "./one-tunnel.ts";
import type { ConnectorUnderTest, StartWith } from "./tunnel-suite.ts";

/** What an origin responds, as JSON. */
interface Echo {
  readonly version: string;
  readonly host: string;
  readonly serverName: string;
  readonly cookie: string;
  readonly warp: string;
  readonly length: number;
  readonly sha256: string;
}

type Request = IncomingMessage & { readonly stream?: Http2Stream };

/** Serves every request of all origins, over either version of HTTP. */
function serve(request: Request, response: ServerResponse | Http2ServerResponse): void {
  const answer = response as ServerResponse; // the part that both have
  const { pathname } = new URL(request.url ?? "/", "http://origin");
  if (pathname.endsWith("/events")) {
    answer.writeHead(200, { "content-type": "text/event-stream", "set-cookie": ["a=1", "b=2"] });
    answer.write("data: 0\n\n");
  } else if (pathname.endsWith("/cut")) {
    // without a length, nothing but the way in which it ends tells that the body is not whole
    answer.writeHead(200);
    answer.write("half", () =>
      request.stream === undefined ? request.socket.destroy() : request.stream.session?.destroy(),
    );
  } else if (pathname.endsWith("/trailers")) {
    answer.writeHead(200, { trailer: "x-sum" });
    answer.write("body");
    answer.addTrailers({ "x-sum": "42" });
    answer.end();
  } else if (pathname.endsWith("/refuse")) {
    answer.writeHead(413).end("too large");
  } else {
    const hash = createHash("sha256");
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      hash.update(chunk);
    });
    request.on("end", () => {
      const { headers, httpVersion, socket } = request;
      const echo: Echo = {
        version: httpVersion,
        host: String(headers[":authority"] ?? headers.host),
        serverName: String((socket as Socket & { servername?: string | false }).servername),
        cookie: String(headers.cookie),
        warp: String(headers["cf-warp-tag-id"]),
        length,
        sha256: hash.digest("hex"),
      };
      answer.setHeader("content-type", "application/json");
      answer.end(JSON.stringify(echo));
    });
  }
}

/** The ways to an origin that a connector must go, whichever it is: TLS, HTTP/2, sockets of the machine. */
export function originsSuite(name: string, startWith: StartWith): void {
  describe(name, () => {
    let folder: string;
    let edge: TunnelEdge;
    let connector: ConnectorUnderTest;
    let tls: Server;
    let http2: Http2SecureServer;
    let local: Server;
    let caPool: string;
    let version = 1;
    const sockets: WebSocketServer[] = [];
    const tunnel = new OneTunnel({ ingress: [{ service: "http_status:404" }] });

    /** `127.0.0.2` is this machine too; the certificate has `127.0.0.1` only. */
    const urlOf = (server: Server | Http2SecureServer, host = "127.0.0.1") =>
      `https://${host}:${(server.address() as AddressInfo).port}`;
    const configuration = (more: NonNullable<TunnelConfiguration["ingress"]> = []): TunnelConfiguration => ({
      ingress: [
        ...more,
        { hostname: "tls.test", service: urlOf(tls), originRequest: { caPool } },
        { hostname: "no-ca.test", service: urlOf(tls) },
        { hostname: "wrong-host.test", service: urlOf(tls, "127.0.0.2"), originRequest: { caPool } },
        {
          hostname: "name.test",
          service: urlOf(tls, "127.0.0.2"),
          originRequest: { caPool, originServerName: EDGE_SERVER_NAME },
        },
        {
          hostname: "wrong-name.test",
          service: urlOf(tls),
          originRequest: { caPool, originServerName: "other.example" },
        },
        {
          hostname: "h2.test",
          path: "^/v2(?:/|$)",
          service: urlOf(http2),
          originRequest: { caPool, http2Origin: true },
        },
        { hostname: "h2.test", service: urlOf(http2), originRequest: { caPool } },
        { hostname: "h1.test", service: urlOf(tls), originRequest: { caPool, http2Origin: true } },
        { hostname: "h2-no-ca.test", service: urlOf(http2), originRequest: { http2Origin: true } },
        { hostname: "unix.test", service: `unix:${join(folder, "origin.sock")}` },
        { hostname: "no-socket.test", service: `unix:${join(folder, "missing.sock")}` },
        { service: "http_status:404" },
      ],
    });
    const open = (host: string, path: string, more: Partial<TunnelRequest> = {}): TunnelStream => {
      const stream = edge.open(tunnel.id, { method: "GET", path, host, headers: [], body: false, ...more });
      if (!stream) throw new Error("no connector is connected");
      return stream;
    };
    const fetched = async (host: string, path = "/", more: Partial<TunnelRequest> = {}, body?: Buffer) => {
      const stream = open(host, path, { ...more, body: body !== undefined });
      if (body) stream.end(body);
      const { status, from } = await stream.response;
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return { result: `${status} of ${from}`, body: Buffer.concat(chunks).toString() };
    };
    const echoed = async (...request: Parameters<typeof fetched>): Promise<Echo> =>
      JSON.parse((await fetched(...request)).body) as Echo;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "causeway-origins-"));
      const certificates = await edgeCertificates(join(folder, "origin"), Date.now());
      caPool = certificates.caFile;
      tls = createTlsServer(certificates, serve);
      http2 = createSecureServer({ ...certificates, allowHTTP1: true });
      http2.on("request", (request, response) => serve(request as unknown as Request, response));
      local = createServer(serve);
      for (const server of [tls, local, http2 as unknown as Server]) {
        const websockets = new WebSocketServer({ server });
        websockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo:${data.toString()}`)));
        sockets.push(websockets);
      }
      await Promise.all([
        new Promise<void>((resolve) => tls.listen(0, "0.0.0.0", resolve)),
        new Promise<void>((resolve) => http2.listen(0, "127.0.0.1", resolve)),
        new Promise<void>((resolve) => local.listen(join(folder, "origin.sock"), resolve)),
      ]);
      const isConnected = Promise.withResolvers<void>();
      edge = await startTunnelEdge({
        certificates: join(folder, "edge"),
        authorize: tunnel.authorize,
        onConnections: (_, connections) => {
          if (connections.length > 0) isConnected.resolve();
        },
      });
      const { address, caFile } = edge;
      connector = await startWith({ token: tunnel.token(), edge: address, caFile, gracePeriod: 1_000 });
      await connector.ready;
      await within("a connection of the tunnel", isConnected.promise);
      version += 1;
      await edge.configure(tunnel.id, version, configuration());
    });

    afterAll(async () => {
      await connector?.stop();
      await edge?.close();
      for (const websockets of sockets) for (const client of websockets.clients) client.terminate();
      for (const server of [tls, local]) {
        server.close();
        server.closeAllConnections();
      }
      http2.close();
      await rm(folder, { recursive: true });
    });

    test("an origin with a certificate of its own authority is reached where the pool has it, and else is not", async () => {
      expect(await echoed("tls.test")).toMatchObject({ version: "1.1", host: "tls.test", length: 0 });
      for (const host of ["no-ca.test", "h2-no-ca.test"])
        expect([host, (await fetched(host)).result]).toEqual([host, "502 of cloudflared"]);
    });

    test("the certificate must have the host of the origin, or the name that is configured", async () => {
      expect((await fetched("wrong-host.test")).result).toBe("502 of cloudflared");
      expect((await fetched("wrong-name.test")).result).toBe("502 of cloudflared");
      expect(await echoed("name.test")).toMatchObject({ host: "name.test", serverName: EDGE_SERVER_NAME });
    });

    test("HTTP/2 carries host, cookies and bodies to an origin that is asked for it", async () => {
      const body = randomBytes(1 << 20);
      const headers: TunnelRequest["headers"] = [
        ["Cookie", "a=1; b=2"],
        ["TE", "gzip"],
        ["Content-Length", String(body.length)],
      ];
      expect(await echoed("h2.test", "/v2/x", { method: "POST", headers }, body)).toMatchObject({
        version: "2.0",
        host: "h2.test",
        cookie: "a=1; b=2",
        length: body.length,
        sha256: createHash("sha256").update(body).digest("hex"),
        warp: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(await echoed("h2.test", "/v2", { method: "POST" }, Buffer.from("of unknown length"))).toMatchObject({
        version: "2.0",
        length: 17,
      });
      expect((await fetched("h2.test", "/v2", { method: "HEAD" })).result).toBe("200 of origin");
      expect(await echoed("h2.test", "/v2x")).toMatchObject({ version: "1.1" });
    });

    test("an origin without HTTP/2 is asked for it in vain, and serves over HTTP/1.1", async () => {
      for (const _ of [1, 2]) expect(await echoed("h1.test")).toMatchObject({ version: "1.1" });
    });

    test.each([
      ["tls.test", "/"],
      ["h2.test", "/v2/"],
      ["h2.test", "/"],
      ["unix.test", "/"],
    ])("streams, trailers and cuts of %s%s", async (host, base) => {
      const events = open(host, `${base}events`);
      const { headers } = await events.response;
      expect(headers.filter(([header]) => header.toLowerCase() === "set-cookie").map(([, value]) => value)).toEqual([
        "a=1",
        "b=2",
      ]);
      expect((await take(events, 9)).toString()).toBe("data: 0\n\n");
      events.destroy();
      const trailers = open(host, `${base}trailers`);
      trailers.resume();
      expect(await trailers.trailers).toEqual([["x-sum", "42"]]);
      const cut = await fetched(host, `${base}cut`).catch(() => "cut");
      expect(cut).toBe("cut");
      expect((await fetched(host, `${base}refuse`, { method: "POST" }, Buffer.alloc(1 << 20))).result).toBe(
        "413 of origin",
      );
      expect((await echoed(host, base)).host).toBe(host);
    });

    test("streams that stay open over HTTP/2 keep no request waiting", async () => {
      const events = [1, 2, 3, 4, 5].map(() => open("h2.test", "/v2/events"));
      for (const stream of events) {
        await stream.response;
        expect((await take(stream, 9)).toString()).toBe("data: 0\n\n");
      }
      expect((await echoed("h2.test", "/v2")).version).toBe("2.0");
      for (const stream of events) stream.destroy();
    });

    test.each([
      ["tls.test", "/"],
      ["h2.test", "/v2/"],
    ])("a WebSocket of %s%s", async (host, path) => {
      const stream = open(host, path, {
        websocket: true,
        headers: [
          ["Sec-WebSocket-Key", randomBytes(16).toString("base64")],
          ["Sec-WebSocket-Version", "13"],
        ],
      });
      expect((await stream.response).status).toBe(101);
      stream.write(clientFrame(Buffer.from("hello"), false));
      expect((await serverFrame(stream)).toString()).toBe("echo:hello");
      stream.end();
      stream.resume();
      await once(stream, "close");
    });

    test("a socket of the machine takes no WebSocket, and one that does not exist nothing", async () => {
      expect((await open("unix.test", "/", { websocket: true }).response).status).toBe(502);
      expect((await fetched("no-socket.test")).result).toBe("502 of cloudflared");
      expect((await echoed("unix.test")).host).toBe("unix.test");
    });

    test("a configuration whose file of authorities is missing is refused, and the last one goes on", async () => {
      const originRequest = { caPool: join(folder, "missing.pem") };
      const rule = { hostname: "new.test", service: urlOf(tls), originRequest };
      version += 1;
      await expect(edge.configure(tunnel.id, version, configuration([rule]))).rejects.toMatchObject({
        code: "CONFIGURATION_REFUSED",
      });
      expect((await fetched("new.test")).result).toBe("404 of origin");
      expect((await fetched("tls.test")).result).toBe("200 of origin");
    });
  });
}
