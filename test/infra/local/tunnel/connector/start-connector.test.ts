import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createServer as createTlsListener, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { edgeCertificates } from "../../../../../infra/local/tunnel/certificates.ts";
import { type Connector, startConnector } from "../../../../../infra/local/tunnel/connector/index.ts";
import {
  type HeaderLine,
  startTunnelEdge,
  type TunnelConfiguration,
  type TunnelEdge,
} from "../../../../../infra/local/tunnel/index.ts";
import { OneTunnel } from "../one-tunnel.ts";

const tunnel = new OneTunnel();
let folder: string;
let edge: TunnelEdge;
let ca: string;
let version = 0;

const connect = () => startConnector({ token: tunnel.token(), edge: [edge.address], ca, gracePeriodMs: 500 });

async function listening(server: Server, where: number | string = 0): Promise<number> {
  await new Promise<void>((resolve) =>
    typeof where === "number" ? server.listen(where, "127.0.0.1", resolve) : server.listen(where, resolve),
  );
  return typeof where === "number" ? (server.address() as AddressInfo).port : 0;
}

async function closed(server: Server): Promise<void> {
  const done = once(server, "close");
  server.close();
  server.closeAllConnections();
  await done;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "causeway-connector-"));
  edge = await startTunnelEdge({
    certificates: join(folder, "certificates"),
    authorize: tunnel.authorize,
    onConnections: () => {},
  });
  ca = await readFile(edge.caFile, "utf8");
});

afterAll(async () => {
  await edge.close();
  await rm(folder, { recursive: true });
});

describe("what it does for an origin", () => {
  let connector: Connector;

  beforeAll(async () => {
    connector = await connect();
    await connector.ready;
  });
  afterAll(() => connector.stop());

  const deploy = (config: TunnelConfiguration) => {
    version += 1;
    return edge.configure(tunnel.id, version, config);
  };
  const serviceAt = (service: string, originRequest = {}) => deploy({ ingress: [{ service, originRequest }] });
  const get = async (path = "/", headers: HeaderLine[] = []) => {
    const stream = edge.open(tunnel.id, { method: "GET", path, host: "chat.example.com", headers, body: false })!;
    const response = await stream.response;
    let body = "";
    for await (const chunk of stream) body += chunk;
    return { ...response, body };
  };
  const hello = (request: IncomingMessage, response: ServerResponse) => response.end(`hello ${request.headers.host}`);

  test("reaches a unix socket, and rewrites Host where the rule says so", async () => {
    const server = createServer(hello);
    await listening(server, join(folder, "gateway.sock"));
    await serviceAt(`unix:${join(folder, "gateway.sock")}`);
    expect((await get()).body).toBe("hello chat.example.com");
    await serviceAt(`unix:${join(folder, "gateway.sock")}`, { httpHostHeader: "inside" });
    expect((await get()).body).toBe("hello inside");
    await closed(server);
  });

  test("checks an origin's certificate unless told not to", async () => {
    const { key, cert } = await edgeCertificates(join(folder, "origin"), Date.now());
    const server = createTlsServer({ key, cert }, hello);
    const port = await listening(server as unknown as Server);
    await serviceAt(`https://127.0.0.1:${port}`);
    expect(await get()).toMatchObject({ status: 502, from: "cloudflared" });
    await serviceAt(`https://127.0.0.1:${port}`, { noTLSVerify: true });
    expect(await get()).toMatchObject({ status: 200, from: "origin" });
    await closed(server as unknown as Server);
  });

  test("uses connections to the origin again, and drops idle ones when the configuration changes", async () => {
    let accepted = 0;
    const server = createServer(hello).on("connection", () => {
      accepted += 1;
    });
    const port = await listening(server);
    await serviceAt(`http://127.0.0.1:${port}`);
    for (let index = 0; index < 5; index += 1) await get();
    expect(accepted).toBe(1);
    await serviceAt(`http://127.0.0.1:${port}`);
    await get();
    expect(accepted).toBe(2);
    await closed(server);
  });

  test("hazard: an idle connection that the origin has just closed costs no visitor an error", async () => {
    // Reads the first request of a connection, and closes it at the second without an answer.
    const seen = new WeakMap<object, number>();
    const server = createServer((request, response) => {
      const count = (seen.get(request.socket) ?? 0) + 1;
      seen.set(request.socket, count);
      if (count > 1) request.socket.destroy();
      else response.end("once");
    });
    const port = await listening(server);
    await serviceAt(`http://127.0.0.1:${port}`);
    for (let index = 0; index < 4; index += 1) expect(await get()).toMatchObject({ status: 200, body: "once" });
    await closed(server);
  });

  test("gives up on an origin whose TLS handshake does not come in time", async () => {
    const silent = createTcpServer((socket) => socket.on("error", () => {}));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    await serviceAt(`https://127.0.0.1:${port}`, { connectTimeout: 0.05, tlsTimeout: 0.05 });
    expect(await get()).toMatchObject({ status: 502, from: "cloudflared" });
    silent.close();
  });

  test("hazard: more response headers than the tunnel can carry are a 502, not the loss of a connection", async () => {
    const server = createServer((request, response) => {
      for (let index = 0; index < Number(request.url?.slice(1)); index += 1)
        response.setHeader(`x-${index}`, "~".repeat(1024));
      response.end("ok");
    });
    await serviceAt(`http://127.0.0.1:${await listening(server)}`);
    const before = connector.readyConnections;
    expect(await get("/42")).toMatchObject({ status: 200, body: "ok" });
    expect(await get("/90")).toMatchObject({ status: 502, from: "cloudflared" });
    expect(connector.readyConnections).toBe(before);
    await closed(server);
  });

  test("a malformed escape in the path is 400 and reaches no origin", async () => {
    await serviceAt("http://127.0.0.1:1");
    expect(await get("/%zz")).toMatchObject({ status: 400, from: "cloudflared" });
  });

  test("counts requests and failures in its metrics, in cloudflared's names", async () => {
    const text = await (await fetch(`http://${connector.metrics}/metrics`)).text();
    expect(text).toMatch(/^cloudflared_tunnel_total_requests [1-9]\d*$/m);
    expect(text).toMatch(/^cloudflared_tunnel_request_errors [1-9]\d*$/m);
    expect(text).toContain(`cloudflared_orchestration_config_version ${version}\n`);
    expect((await fetch(`http://${connector.metrics}/other`)).status).toBe(404);
  });
});

test("T1: the edge may send 8 MiB of bodies to all streams of a connection together", async () => {
  const { key, cert } = await edgeCertificates(join(folder, "window"), Date.now());
  const server = createTlsListener({ key, cert, ALPNProtocols: ["h2"] });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authority = await readFile(join(folder, "window", "ca.pem"), "utf8");
  const connector = await startConnector({ token: tunnel.token(), edge: [address], ca: authority, gracePeriodMs: 0 });
  connector.ready.catch(() => {}); // nothing here responds to the registration
  const [socket] = (await once(server, "secureConnection")) as [TLSSocket];
  const session = connectHttp2("https://edge", { createConnection: () => socket });
  session.on("error", () => {});
  await once(session, "remoteSettings");
  while ((session.state.remoteWindowSize ?? 0) < 8_000_000) await delay(5);
  await connector.stop();
  session.destroy();
  server.close();
});

describe("starting and ending", () => {
  test("a text that is no token is BAD_TOKEN, and an address that is none is refused", async () => {
    const options = { edge: [edge.address], ca };
    await expect(startConnector({ ...options, token: "nonsense" })).rejects.toMatchObject({ code: "BAD_TOKEN" });
    await expect(startConnector({ token: tunnel.token(), edge: ["nowhere"] })).rejects.toMatchObject({
      code: "EDGE_UNREACHABLE",
    });
  });

  test("without a connection it is not ready, and says so", async () => {
    const unused = createTcpServer().listen(0, "127.0.0.1");
    await once(unused, "listening");
    const { port } = unused.address() as AddressInfo;
    unused.close();
    const connector = await startConnector({ token: tunnel.token(), edge: [`127.0.0.1:${port}`], ca });
    const response = await fetch(`http://${connector.metrics}/ready`);
    expect([response.status, await response.json()]).toMatchObject([503, { status: 503, readyConnections: 0 }]);
    await connector.stop();
    await expect(connector.ready).rejects.toMatchObject({ code: "STOPPED" });
  });

  test("when the edge refuses its token, it ends and says why instead of trying for ever", async () => {
    const lines: string[] = [];
    const connector = await startConnector({
      token: tunnel.token(),
      edge: [edge.address],
      ca,
      log: (line) => lines.push(line),
    });
    await connector.ready;
    while (connector.readyConnections < 4) await fetch(`http://${connector.metrics}/ready`);
    tunnel.secret = randomBytes(32);
    edge.disconnect(tunnel.id);
    expect(await connector.ended).toMatchObject({ code: "UNAUTHORIZED" });
    expect(lines.join("\n")).toMatch(/rotated/);
  });

  test("a request that outlasts the grace period is cut off, and the connector still ends", async () => {
    const server = createServer((_, response) => void response.write("first"));
    const port = await listening(server);
    const connector = await startConnector({
      token: tunnel.token(),
      edge: [edge.address],
      ca,
      gracePeriodMs: 50,
    });
    await connector.ready;
    version += 1;
    await edge.configure(tunnel.id, version, { ingress: [{ service: `http://127.0.0.1:${port}` }] });
    const stream = edge.open(tunnel.id, { method: "GET", path: "/", host: "x", headers: [], body: false })!;
    await stream.response;
    await connector.stop();
    await stream.trailers;
    expect(stream.readableEnded).toBe(false);
    await closed(server);
  });
});

describe("P10: another spelling of a path that requires Access", () => {
  const access = { required: true, teamName: "causeway", audTag: ["a".repeat(64)] };
  const spellings = ["/x/../admin", "/x/%2e%2e/admin", "/x/..%2fadmin", "//admin", "/./admin", "/x\\..\\admin"];

  test.each([
    ["on", true, access, [403, 404, 403]],
    ["off", false, access, [403, 404, 404]],
    // without a rule that requires Access, cloudflared matches paths as they were sent
    ["on, and no rule requires Access", true, { ...access, required: false }, [200, 404, 404]],
  ])("with normalization %s", async (_name, normalizePaths, ruleAccess, [admin, upperCase, others]) => {
    const options = { token: tunnel.token(), edge: [edge.address], ca, gracePeriodMs: 500, normalizePaths };
    const connector = await startConnector(options);
    await connector.ready;
    version += 1;
    await edge.configure(tunnel.id, version, {
      ingress: [
        { path: "^/admin", service: "http_status:200", originRequest: { access: ruleAccess } },
        { service: "http_status:404" },
      ],
    });
    const statusOf = async (path: string) => {
      const request = { method: "GET", path, host: "chat.example.com", headers: [], body: false };
      return (await edge.open(tunnel.id, request)!.response).status;
    };
    expect([await statusOf("/admin"), await statusOf("/ADMIN")]).toEqual([admin, upperCase]);
    for (const path of spellings) expect([path, await statusOf(path)]).toEqual([path, others]);
    await connector.stop();
  });
});
