import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  authorizeTunnel,
  type HeaderLine,
  startTunnelEdge,
  type TunnelConfiguration,
  type TunnelConnection,
  type TunnelEdge,
  type TunnelRequest,
  type TunnelStream,
} from "../../../../infra/local/tunnel/index.ts";
import { within } from "../../../within.ts";
import { clientFrame, serverFrame, take } from "./frames.ts";
import { type Origin, startOrigin } from "./origin.ts";

/** A connector under test, ours or the real one. */
export interface ConnectorUnderTest {
  /** Resolves when it reports that it is ready; rejects when it reports that it cannot be. */
  readonly ready: Promise<void>;
  /** Number of connections that it reports. */
  readyConnections(): Promise<number>;
  /** Stops it gracefully; resolves with its exit code, 0 for one that has no process. */
  stop(): Promise<number>;
}

export type StartWith = (options: {
  token: string;
  edge: string;
  caFile: string;
  gracePeriod: number;
}) => Promise<ConnectorUnderTest>;

const account = "a".repeat(32);
const HOST = "chat.example.com";

interface Tunnel {
  readonly id: string;
  secret: Buffer;
  version: number;
  config: TunnelConfiguration | null;
  deletedAt: string | null;
}

/** An edge with tunnels to register at, and a way to wait for connections. */
class TestSite {
  readonly tunnels = new Map<string, Tunnel>();
  readonly listed = new Map<string, TunnelConnection[]>();
  edge!: TunnelEdge;
  #watchers: (() => void)[] = [];

  async start(certificates: string): Promise<this> {
    this.edge = await startTunnelEdge({
      certificates,
      authorize: (claim) => {
        const tunnel = this.tunnels.get(claim.tunnelId);
        return authorizeTunnel(tunnel && { ...tunnel, accountTag: account }, claim);
      },
      onConnections: (id, connections) => {
        this.listed.set(id, connections);
        for (const watcher of this.#watchers) watcher();
      },
    });
    return this;
  }

  tunnel(config: TunnelConfiguration | null, version = 1): Tunnel {
    const tunnel: Tunnel = { id: randomUUID(), secret: randomBytes(32), version, config, deletedAt: null };
    this.tunnels.set(tunnel.id, tunnel);
    return tunnel;
  }

  token({ id, secret }: Tunnel): string {
    return Buffer.from(JSON.stringify({ a: account, t: id, s: secret.toString("base64") })).toString("base64");
  }

  async until(tunnel: Tunnel, condition: (connections: readonly TunnelConnection[]) => boolean): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      const check = () => {
        if (condition(this.listed.get(tunnel.id) ?? [])) resolve();
      };
      this.#watchers.push(check);
      check();
    });
    const state = () => `It has ${JSON.stringify(this.listed.get(tunnel.id) ?? [])}.`;
    await within("the connections of the tunnel", reached, state);
  }
}

function ingress(origin: string): TunnelConfiguration {
  return { ingress: [{ hostname: HOST, service: origin }, { service: "http_status:404" }] };
}

interface Answer {
  status: number;
  headers: readonly HeaderLine[];
  from: string;
  body: Buffer;
}

/** The behaviour that both connectors must show, through both ends and a real origin. */
export function tunnelSuite(name: string, startWith: StartWith): void {
  describe(name, () => {
    let folder: string;
    let origin: Origin;
    let testSite: TestSite;
    let tunnel: Tunnel;
    let connector: ConnectorUnderTest;
    const started: ConnectorUnderTest[] = [];

    const start = async (to: Tunnel, gracePeriod = 2_000) => {
      const { address: edge, caFile } = testSite.edge;
      const one = await startWith({ token: testSite.token(to), edge, caFile, gracePeriod });
      started.push(one);
      return one;
    };
    const open = (request: Partial<TunnelRequest>, id = tunnel.id): TunnelStream => {
      const stream = testSite.edge.open(id, {
        method: "GET",
        path: "/",
        host: HOST,
        headers: [],
        body: false,
        ...request,
      });
      if (!stream) throw new Error("no connector is connected");
      return stream;
    };
    const fetched = async (request: Partial<TunnelRequest>, body?: Buffer, id = tunnel.id): Promise<Answer> => {
      const stream = open({ body: body !== undefined, ...request }, id);
      if (body) stream.end(body);
      const response = await stream.response;
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return { ...response, body: Buffer.concat(chunks) };
    };
    const echoed = async (request: Partial<TunnelRequest>, body?: Buffer) => {
      const answer = JSON.parse((await fetched(request, body)).body.toString()) as {
        method: string;
        url: string;
        rawHeaders: string[];
        length: number;
        sha256: string;
      };
      const all = (name: string) =>
        answer.rawHeaders.filter((_, at, lines) => at % 2 === 1 && lines[at - 1]?.toLowerCase() === name);
      return { ...answer, all };
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "causeway-tunnel-"));
      origin = await startOrigin();
      testSite = await new TestSite().start(join(folder, "certificates"));
      tunnel = testSite.tunnel(ingress(origin.url));
      connector = await start(tunnel);
      await connector.ready;
      await testSite.until(tunnel, (connections) => connections.length === 4);
    });

    afterAll(async () => {
      for (const one of started) await one.stop();
      await testSite.edge.close();
      await origin.close();
      await rm(folder, { recursive: true });
    });

    test("registers four connections of one connector and lists them", async () => {
      const connections = testSite.listed.get(tunnel.id) ?? [];
      expect(connections.map((connection) => connection.index).sort()).toEqual([0, 1, 2, 3]);
      expect(new Set(connections.map((connection) => connection.clientId)).size).toBe(1);
      expect(new Set(connections.map((connection) => connection.id)).size).toBe(4);
      expect(testSite.edge.connections(tunnel.id)).toBe(4);
      // The edge counts a connection before its response has reached the connector.
      while ((await connector.readyConnections()) < 4) await fetched({ path: "/" });
    });

    test("carries method, path, query, host and headers to the origin as they were given", async () => {
      const echo = await echoed({
        method: "DELETE",
        path: "/a%20b//c?x=%2F&y=1",
        headers: [
          ["Accept", "text/plain"],
          ["X-Twice", "1"],
          ["X-Twice", "2"],
          ["Cookie", "a=1; b=2"],
          ["X-Empty", ""],
        ],
      });
      expect([echo.method, echo.url]).toEqual(["DELETE", "/a%20b//c?x=%2F&y=1"]);
      expect(echo.all("host")).toEqual([HOST]);
      expect(echo.all("accept")).toEqual(["text/plain"]);
      expect(echo.all("x-twice").join(", ")).toBe("1, 2");
      expect(echo.all("cookie")).toEqual(["a=1; b=2"]);
      expect(echo.all("x-empty")).toEqual([""]);
      expect(echo.all("cf-warp-tag-id")).toHaveLength(1);
    });

    test("a visitor's headers cannot steer the tunnel: forged control and hop-by-hop headers stay outside", async () => {
      const forged: HeaderLine[] = [
        ["Cf-Cloudflared-Proxy-Connection-Upgrade", "update-configuration"],
        ["cf-cloudflared-proxy-src", "127.0.0.1:22"],
        ["cf-int-x", "1"],
        ["Connection", "x-secret"],
        ["Transfer-Encoding", "chunked"],
        ["Upgrade", "h2c"],
        ["bad name", "1"],
        ["x-split", "a\r\nx-injected: 1"],
        ["X-Good", "1"],
      ];
      const takeover = Buffer.from(
        JSON.stringify({ version: 999, config: { ingress: [{ service: "http_status:200" }] } }),
      );
      const echo = await echoed({ method: "PUT", path: "/forged", headers: forged }, takeover);
      expect(echo.all("x-good")).toEqual(["1"]);
      const names = echo.rawHeaders.filter((_, at) => at % 2 === 0).map((text) => text.toLowerCase());
      expect(names.filter((text) => /^cf-(cloudflared|int)-|^x-(split|injected)$|^upgrade$/.test(text))).toEqual([]);
      expect(echo.length).toBe(takeover.length);
    });

    test("hazard: a malformed request fails alone; the connection that others share goes on", async () => {
      const before = (testSite.listed.get(tunnel.id) ?? []).map((one) => one.id).sort();
      const odd: Partial<TunnelRequest>[] = [
        { method: "OPTIONS", path: "*" },
        { method: "PROPFIND" },
        { method: "CONNECT" },
        { path: "/caf\u00e9?\u00ff" },
        { path: "no-slash" },
        { path: "" },
        { path: "/%zz" },
        { path: "/a b" },
        { path: "//evil.example/x" },
        { path: "http://evil.example/x" },
        { host: "" },
        { host: "a b" },
        { host: "user@a" },
        { host: "\u00e9" },
        { path: `/${"x".repeat(15_000)}` },
        { headers: Array.from({ length: 300 }, (_, index): HeaderLine => [`x-${index}`, "1"]) },
        { headers: [["content-length", "5"]] },
        {
          headers: [
            ["content-length", "-1"],
            ["content-length", "2"],
          ],
          method: "POST",
          body: true,
        },
        {
          headers: [
            ["authorization", "a"],
            ["authorization", "b"],
            ["host", "b"],
            ["te", "gzip"],
          ],
        },
        { websocket: true, method: "POST", headers: [["content-length", "3"]] },
      ];
      for (const request of odd) {
        try {
          const stream = open(request);
          if (request.body) stream.end();
          await stream.response.finally(() => stream.destroy());
          await stream.trailers;
        } catch (error) {
          expect(error).toMatchObject({ name: "TunnelError" });
        }
      }
      expect((await fetched({ path: "/" })).status).toBe(200);
      expect((testSite.listed.get(tunnel.id) ?? []).map((one) => one.id).sort()).toEqual(before);
    });

    test("sends a hostname without a rule to the catch-all", async () => {
      const { status, from, body } = await fetched({ host: "other.example.com" });
      expect([status, from, body.length]).toEqual([404, "origin", 0]);
    });

    test("keeps repeated Set-Cookie lines apart, and the bytes of header values", async () => {
      const { status, headers, from } = await fetched({ path: "/cookies" });
      expect([status, from]).toEqual([201, "origin"]);
      const values = (name: string) => headers.filter((line) => line[0].toLowerCase() === name).map((line) => line[1]);
      expect(values("set-cookie")).toEqual(["a=1", "b=2"]);
      expect(values("x-latin")).toEqual(["caf\u00e9"]);
      expect(values("transfer-encoding").concat(values("connection"))).toEqual([]);
    });

    test("carries 30 kB of response headers", async () => {
      const large = await fetched({ path: "/headers?30" });
      expect([large.status, large.headers.filter(([name]) => name.toLowerCase().startsWith("x-")).length]).toEqual([
        200, 30,
      ]);
    });

    test("carries a body of 8 MiB whole", async () => {
      const body = randomBytes(8 << 20);
      const echo = await echoed({ method: "POST", headers: [["content-length", String(body.length)]] }, body);
      expect(echo.length).toBe(body.length);
      expect(echo.sha256).toBe(createHash("sha256").update(body).digest("hex"));
      expect(echo.all("content-length")).toEqual([String(body.length)]);
    });

    test("carries a body of unknown length, and an empty one", async () => {
      const body = Buffer.from("chunks");
      expect((await echoed({ method: "POST" }, body)).sha256).toBe(createHash("sha256").update(body).digest("hex"));
      const empty = await echoed({ method: "POST", headers: [["content-length", "0"]] });
      expect(empty.length).toBe(0);
    });

    test("responds to HEAD with the length and without a body", async () => {
      const { headers, body } = await fetched({ method: "HEAD", path: "/" });
      expect(body.length).toBe(0);
      expect(headers.map((line) => line[0].toLowerCase())).toContain("content-type");
    });

    test("streams events as they are made", async () => {
      const stream = open({ path: "/events" });
      await stream.response;
      expect((await take(stream, 9)).toString()).toBe("data: 0\n\n");
      await fetched({ path: "/step" });
      expect((await take(stream, 9)).toString()).toBe("data: 1\n\n");
      const ended = once(stream, "end");
      stream.resume();
      await fetched({ path: "/last" });
      await ended;
    });

    test("passes trailers on", async () => {
      const stream = open({ path: "/trailers" });
      stream.resume();
      expect(await stream.trailers).toEqual([["x-sum", "42"]]);
    });

    test("a reader that stalls slows its origin, not the connection", async () => {
      const stalled = open({ path: "/big" });
      await stalled.response;
      // 64 MiB are offered; far less leaves the origin as long as the client does not read.
      const sent = Number((await fetched({ path: "/sent" })).body.toString());
      expect(sent).toBeLessThan(48 << 20);
      let length = 0;
      for await (const chunk of stalled) length += (chunk as Buffer).length;
      expect(length).toBe(64 << 20);
    });

    test("a visitor who leaves ends the request at the origin", async () => {
      const before = origin.aborted;
      const stream = open({ path: "/events" });
      await stream.response;
      stream.destroy();
      while (origin.aborted === before) await fetched({ path: "/" });
    });

    test("hazard: visitors who leave in crowds do not end the connection (limit on stream resets)", async () => {
      const before = (testSite.listed.get(tunnel.id) ?? []).map((one) => one.id).sort();
      for (let round = 0; round < 25; round += 1) {
        const streams = Array.from({ length: 200 }, () =>
          open({ host: "other.example.com", method: "POST", body: true }),
        );
        await Promise.all(streams.map((stream) => stream.response));
        for (const stream of streams) stream.destroy();
      }
      expect((await fetched({ path: "/" })).status).toBe(200);
      expect((testSite.listed.get(tunnel.id) ?? []).map((one) => one.id).sort()).toEqual(before);
    });

    test("a response that the origin cuts off ends with an error, not as if it were whole", async () => {
      const ended = await fetched({ path: "/cut" }).then(
        () => "whole",
        () => "cut",
      );
      expect(ended).toBe("cut");
    });

    test("passes on the response of an origin that does not read the body", async () => {
      const stream = open({ method: "POST", path: "/refuse", body: true });
      const feed = setInterval(() => stream.writable && stream.write(Buffer.alloc(1024)), 1);
      const { status } = await stream.response;
      stream.resume();
      clearInterval(feed);
      stream.end();
      expect(status).toBe(413);
    });

    test("carries a WebSocket: text, 300 kB of binary, and its end", async () => {
      const stream = open({
        path: "/socket",
        websocket: true,
        headers: [
          ["Sec-WebSocket-Key", randomBytes(16).toString("base64")],
          ["Sec-WebSocket-Version", "13"],
          ["Sec-WebSocket-Protocol", "chat"],
          ["Connection", "Upgrade"],
          ["Upgrade", "websocket"],
        ],
      });
      const { status, headers } = await stream.response;
      expect(status).toBe(101);
      const names = headers.map((line) => line[0].toLowerCase());
      expect(names).toEqual(expect.arrayContaining(["sec-websocket-accept", "sec-websocket-protocol"]));
      stream.write(clientFrame(Buffer.from("hello"), false));
      expect((await serverFrame(stream)).toString()).toBe("echo:hello");
      // A new configuration does not cut what is open.
      await testSite.edge.configure(tunnel.id, 2, ingress(origin.url));
      const binary = randomBytes(300_000);
      stream.write(clientFrame(binary, true));
      expect((await serverFrame(stream)).equals(binary)).toBe(true);
      stream.end();
      stream.resume();
      await once(stream, "close");
    });

    test("a WebSocket that the origin refuses is an ordinary response", async () => {
      const { status } = await fetched({ path: "/socket", websocket: true });
      expect(status).toBe(400);
    });

    test("applies a configuration while it runs, and ignores one that is not newer", async () => {
      const moved = testSite.tunnel({ ingress: [{ service: "http_status:410" }] }, 3);
      const other = await start(moved);
      await other.ready;
      await testSite.until(moved, (connections) => connections.length > 0);
      const status = async () => (await fetched({}, undefined, moved.id)).status;
      expect(await status()).toBe(410);
      await testSite.edge.configure(moved.id, 3, { ingress: [{ service: "http_status:411" }] });
      expect(await status()).toBe(410);
      await testSite.edge.configure(moved.id, 4, { ingress: [{ service: "http_status:412" }] });
      expect(await status()).toBe(412);
      await expect(testSite.edge.configure(moved.id, 5, { ingress: [{ service: "nonsense" }] })).rejects.toMatchObject({
        code: "CONFIGURATION_REFUSED",
      });
      expect(await status()).toBe(412);
      await testSite.edge.configure(moved.id, 6, {
        ingress: [
          { hostname: "*.example.com", path: "^/(api|socket)/", service: origin.url },
          { path: "\\.php$", service: "http_status:403" },
          { service: "http_status:404" },
        ],
      });
      const at = async (host: string, path: string) => (await fetched({ host, path }, undefined, moved.id)).status;
      expect(await at("a.example.com", "/api/x")).toBe(200);
      expect(await at("a.example.com:8080", "/socket/?q")).toBe(200);
      expect(await at("example.com", "/api/x")).toBe(404);
      expect(await at("a.example.com", "/x/api/")).toBe(404);
      expect(await at("other.test", "/x.php")).toBe(403);
      expect(await at("other.test", "/x%2Ephp")).toBe(403);
      expect(await at("other.test", "/x.php.txt")).toBe(404);
      expect(await other.stop()).toBe(0);
    });

    test("an origin that is down is a 502 from the connector", async () => {
      const down = await startOrigin();
      await down.close();
      const lost = testSite.tunnel(ingress(down.url));
      const other = await start(lost);
      await other.ready;
      await testSite.until(lost, (connections) => connections.length > 0);
      const { status, from } = await fetched({}, undefined, lost.id);
      expect([status, from]).toEqual([502, "cloudflared"]);
      await other.stop();
    });

    test("connects again when its connections are lost", async () => {
      testSite.edge.disconnect(tunnel.id);
      expect(testSite.edge.connections(tunnel.id)).toBe(0);
      expect(
        testSite.edge.open(tunnel.id, { method: "GET", path: "/", host: HOST, headers: [], body: false }),
      ).toBeUndefined();
      await testSite.until(tunnel, (connections) => connections.length > 0);
      expect((await fetched({ path: "/" })).status).toBe(200);
    });

    test("garbage on the tunnel's port disturbs no connection", async () => {
      const port = Number(testSite.edge.address.split(":")[1]);
      for (const garbage of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), randomBytes(4096), Buffer.alloc(0)]) {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        socket.on("error", () => {});
        socket.end(garbage);
        socket.resume();
        await once(socket, "close");
      }
      expect((await fetched({ path: "/" })).status).toBe(200);
    });

    test("a wrong token is refused, with a message that says so", async () => {
      const forged = { ...testSite.tunnel(ingress(origin.url)), secret: randomBytes(32) };
      const other = await start(forged);
      await expect(other.ready).rejects.toThrow(/not accept|Unauthorized/);
      expect(testSite.edge.connections(forged.id)).toBe(0);
    });

    test("after a rotation of the secret old connections live, and the old token opens no new one", async () => {
      const rotated = testSite.tunnel(ingress(origin.url));
      const old = { ...rotated };
      const first = await start(old);
      await first.ready;
      await testSite.until(rotated, (connections) => connections.length === 4);
      testSite.tunnels.set(rotated.id, { ...rotated, secret: randomBytes(32) });
      expect((await fetched({ path: "/" }, undefined, rotated.id)).status).toBe(200);
      const late = await start(old);
      await expect(late.ready).rejects.toThrow(/not accept|Unauthorized/);
      const second = await start(testSite.tunnels.get(rotated.id)!);
      await second.ready;
      await testSite.until(rotated, (connections) => new Set(connections.map((one) => one.clientId)).size === 2);
      expect(await first.stop()).toBe(0);
      expect((await fetched({ path: "/" }, undefined, rotated.id)).status).toBe(200);
      await second.stop();
    });

    test("stops gracefully: unregisters, lets a request in flight end, takes no new one", async () => {
      const stream = open({ path: "/held" });
      await origin.held;
      const stopped = connector.stop();
      await testSite.until(tunnel, (connections) => connections.length === 0);
      expect(
        testSite.edge.open(tunnel.id, { method: "GET", path: "/", host: HOST, headers: [], body: false }),
      ).toBeUndefined();
      origin.release();
      expect((await stream.response).status).toBe(200);
      expect(String((await once(stream, "data"))[0])).toBe("released");
      expect(await stopped).toBe(0);
    });
  });
}
