import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { clientReader, trustedPeers } from "../../../backend/gateway/limits/client-address.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { NO_LIMITS } from "../test-options.ts";
import { tokenOf } from "../test-tokens.ts";

const ORIGIN = "https://chat.example.com";
const LIMITED = { ...NO_LIMITS, read: { requests: 3, seconds: 10 } };
let gateway: TestGateway;
const seen: string[] = [];

beforeAll(async () => {
  const signedIn = { user: {}, accessToken: "a", expiresIn: 1, refreshToken: "fresh" } as never;
  gateway = await startTestGateway(
    {
      "users.login": (ctx) => {
        seen.push(ctx.meta.client?.address ?? "");
        return signedIn;
      },
      "auth.refresh": (ctx) => {
        seen.push(ctx.params.refreshToken ?? "none");
        return signedIn;
      },
      "auth.jwks": () => ({ keys: [] }),
      "auth.logout": () => ({ ended: true }),
    },
    { config: { ORIGINS: ORIGIN }, limits: LIMITED },
  );
});
afterAll(() => gateway.stop());

const FOREIGN = [
  "https://chat.example.co",
  "https://chat.example.com.evil.test",
  "https://evil.test",
  "http://chat.example.com",
  "https://chat.example.com:8443",
  "https://CHAT.example.com",
  "https://chat.example.com/",
  "https://chat",
  "h",
  "*",
  "null",
  "",
];
/** Makes an address that was not used yet: refused requests count as well. */
let visitors = 0;
const fromElsewhere = () => ({ "cf-connecting-ip": `198.18.0.${++visitors}` });
const login = { body: { email: "a@example.org", password: "x" } };

test("CORS compares the origin exactly, never as a substring (backend-stack 1.2, moleculer-web extras)", async () => {
  for (const origin of FOREIGN) {
    const headers = { origin, ...fromElsewhere() };
    const answer = await gateway.request("POST", "/api/auth/login", { ...login, headers });
    expect([origin, answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([origin, 403, null]);
    expect(answer.headers.get("set-cookie")).toBeNull();
    const { status } = await gateway.request("OPTIONS", "/api/auth/login", {
      headers: { ...headers, "access-control-request-method": "POST" },
    });
    expect(status).toBe(404);
  }
  const allowed = await gateway.request("POST", "/api/auth/login", { ...login, headers: { origin: ORIGIN } });
  expect(allowed.headers.get("access-control-allow-origin")).toBe(ORIGIN);
  const preflight = await gateway.request("OPTIONS", "/api/auth/login", {
    headers: { origin: ORIGIN, "access-control-request-method": "POST", ...fromElsewhere() },
  });
  expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST"]);
});

test("a WebSocket with a foreign origin is refused before Socket.IO sees it (H8)", async () => {
  const handshake = (origin: string) =>
    gateway.sendBytes(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: ${origin}\r\n\r\n`,
      (text) => text.includes("101"),
    );
  for (const origin of FOREIGN) expect(await handshake(origin)).toContain("HTTP/1.1 403");
  expect(await handshake(ORIGIN)).toContain("HTTP/1.1 101");
});

test("a browser gets its refresh token as a cookie only, and only a page of ours may spend it", async () => {
  const { headers, json } = await gateway.request("POST", "/api/auth/login", { ...login, headers: { origin: ORIGIN } });
  expect(headers.get("set-cookie")).toBe(
    "__Host-refresh=fresh; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=2592000",
  );
  expect(json).not.toHaveProperty("refreshToken");
  expect((await gateway.request("POST", "/api/auth/login", login)).json).toHaveProperty("refreshToken", "fresh");

  const cookie = "__Host-refresh=stolen";
  const refresh = async (given: Record<string, string>, body: unknown = {}) => {
    seen.length = 0;
    const { status } = await gateway.request("POST", "/api/auth/refresh", {
      body,
      headers: { ...given, ...fromElsewhere() },
    });
    return [status, ...seen];
  };
  expect(await refresh({ cookie, origin: ORIGIN })).toEqual([200, "stolen"]);
  expect(await refresh({ cookie })).toEqual([200, "none"]);
  expect(await refresh({ cookie, origin: "https://evil.test" })).toEqual([403]);
  expect(await refresh({ cookie, "sec-fetch-site": "cross-site" })).toEqual([403]);
  expect(await refresh({ cookie, "sec-fetch-site": "same-site" })).toEqual([403]);
  expect(await refresh({ cookie: `${cookie}; ${cookie}`, origin: ORIGIN })).toEqual([200, "none"]);
  expect(await refresh({ cookie: "refresh=stolen; x__Host-refresh=stolen", origin: ORIGIN })).toEqual([200, "none"]);
  expect(await refresh({ cookie, origin: ORIGIN }, { refreshToken: "mine" })).toEqual([200, "mine"]);
  const logout = await gateway.request("POST", "/api/auth/logout", {
    token: tokenOf("a"),
    headers: { origin: ORIGIN },
  });
  expect(logout.headers.get("set-cookie")).toContain("Max-Age=0");
});

test("X-Forwarded-For and its like never change who is counted (H7)", async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const ip = `198.51.100.${i}`;
    const headers = {
      "x-forwarded-for": ip,
      "x-real-ip": ip,
      "true-client-ip": ip,
      forwarded: `for=${ip}`,
      "x-client-ip": ip,
    };
    statuses.push((await gateway.request("GET", "/.well-known/jwks.json", { headers })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
});

test("behind the connector everybody counts for themself, an IPv6 customer by the /64", async () => {
  const ask = async (ip: string) =>
    (await gateway.request("GET", "/.well-known/jwks.json", { headers: { "cf-connecting-ip": ip } })).status;
  const run = async (...ips: string[]) => {
    const statuses = [];
    for (const ip of ips) statuses.push(await ask(ip));
    return statuses;
  };
  expect(await run("203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2")).toEqual([
    200, 200, 200, 429, 200,
  ]);
  expect(
    await run("2001:db8::1", "2001:db8:0:0:1::2", "2001:db8:0:0:ffff:1:2:3", "2001:db8::4", "2001:db8:0:1::1"),
  ).toEqual([200, 200, 200, 429, 200]);
  const limited = await gateway.request("GET", "/.well-known/jwks.json", {
    headers: { "cf-connecting-ip": "203.0.113.1" },
  });
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(limited.json.error?.code).toBe("RATE_LIMITED");
});

test("CF-Connecting-IP counts only from a trusted peer, and is removed otherwise", () => {
  const request = (remoteAddress: string | undefined, headers: Record<string, string>) =>
    ({ socket: { remoteAddress }, headers }) as unknown as Parameters<ReturnType<typeof clientReader>>[0];
  const ignored: string[] = [];
  const isTrusted = trustedPeers(["172.16.0.0/12", "fd00::/8"]);
  const read = clientReader(isTrusted, (peer, visitor) => ignored.push(`${peer} ${visitor}`));
  const claim = { "cf-connecting-ip": "203.0.113.9", "cf-ray": "0123456789abcdef-FRA", "x-forwarded-for": "1.1.1.1" };
  for (const peer of [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "::ffff:127.0.0.1",
    "172.20.0.5",
    "::ffff:172.20.0.5",
    "fd12::1",
  ]) {
    const headers = { ...claim };
    expect(read(request(peer, headers))).toEqual({
      address: "203.0.113.9",
      key: "203.0.113.9",
      ray: "0123456789abcdef-FRA",
    });
    expect(headers).toEqual({ "cf-ray": "0123456789abcdef-FRA" });
  }
  expect(ignored).toEqual([]);
  for (const peer of ["192.0.2.1", "172.32.0.1", "::ffff:192.0.2.1", "2001:db8::1"]) {
    const headers = { ...claim };
    const { address, ray } = read(request(peer, headers)) ?? {};
    expect([address, ray]).toEqual([peer.replace("::ffff:", ""), undefined]);
    expect(headers).not.toHaveProperty("cf-connecting-ip");
    expect(ignored.pop()).toBe(`${address} 203.0.113.9`); // O15
  }
  for (const forged of ["203.0.113.9, 1.1.1.1", "localhost", "", "203.0.113.999", "1.2.3.4:80"]) {
    expect(read(request("127.0.0.1", { "cf-connecting-ip": forged }))?.address).toBe("127.0.0.1");
  }
});

test("a connection that was reset is still its visitor's: the peer is looked at when a connection is accepted", async () => {
  const body = JSON.stringify(login.body);
  const bytes = `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncf-connecting-ip: 203.0.113.66\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  seen.length = 0;
  for (let i = 0; i < 5; i++) {
    const connection = connect({ port: gateway.port, host: "127.0.0.1" }).on("error", () => undefined);
    await once(connection, "connect");
    connection.write(bytes);
    connection.resetAndDestroy();
  }
  await gateway.request("POST", "/api/auth/login", { ...login, headers: { "cf-connecting-ip": "203.0.113.67" } });
  expect(new Set(seen)).toEqual(new Set(["203.0.113.66", "203.0.113.67"]));
});

test("more header fields than are read are refused: a client cannot push out those of the edge", async () => {
  const many = Array.from({ length: 150 }, (_, index) => `a${index}: x\r\n`).join("");
  const after = `${many}cf-connecting-ip: 203.0.113.68\r\norigin: https://evil.test\r\n`;
  const body = JSON.stringify(login.body);
  const request = `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${after}\r\n${body}`;
  expect(await gateway.sendBytes(request)).toContain("HTTP/1.1 431");
  const upgrade = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${after}\r\n`;
  expect(await gateway.sendBytes(upgrade)).toContain("HTTP/1.1 431");
});

test("the gateway listens on the loopback unless told otherwise", async () => {
  expect(new URL(gateway.url).hostname).toBe("127.0.0.1");
  const connection = connect({ port: gateway.port, host: "127.0.0.1" });
  await once(connection, "connect");
  connection.destroy();
});

test("O15: the gateway counts visitors that a peer without trust names, and warns of them", async () => {
  // every address of this machine that a test can count on is a loopback one, which is trusted
  const fromAfar = (message: unknown) =>
    Object.defineProperty((message as { readonly socket: object }).socket, "remoteAddress", { value: "192.0.2.9" });
  subscribe("net.server.socket", fromAfar);
  const before = gateway.gateway.ignoredAddresses;
  try {
    for (const visitor of ["203.0.113.31", "203.0.113.32", "203.0.113.33"]) {
      await gateway.sendBytes(`GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncf-connecting-ip: ${visitor}\r\n\r\n`);
    }
  } finally {
    unsubscribe("net.server.socket", fromAfar);
  }
  expect(gateway.gateway.ignoredAddresses - before).toBe(3);
  expect(gateway.log).toContainEqual(
    expect.objectContaining({ peer: "192.0.2.9", msg: expect.stringContaining("TRUSTED_PEERS=192.0.2.9/32") }),
  );
});
