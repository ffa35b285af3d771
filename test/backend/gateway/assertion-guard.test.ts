import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { ServiceSchema } from "moleculer";
import { object } from "../../../backend/surface/grammar.ts";
import { events } from "../../../backend/surface/stream-grammar.ts";
import type { NamespaceEntry } from "../../../backend/surface.ts";
import { AUDIENCE, assertionBy, signingKey, TEAM, TestTeam } from "../assertions/test-team.ts";
import { disconnected, emit } from "../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { tokenOf } from "../test-tokens.ts";
import { headOf, openConnection, startStreamGateway } from "./streams/stream-gateway.ts";

const key = signingKey("key");
/** Milliseconds by which the gateway's clock is ahead. */
let later = 0;
/** What the gateway's clock shows, in milliseconds since 1970, where it stands still. */
let stopped: number | undefined;
const clock = () => stopped ?? Date.now() + later;
let team: TestTeam;
let gateway: TestGateway | undefined;

beforeAll(async () => {
  team = await TestTeam.start(key);
});
afterEach(async () => {
  later = 0;
  stopped = undefined;
  await gateway?.stop();
  gateway = undefined;
});
afterAll(() => team.stop());

const JOBS: NamespaceEntry = {
  ...{ name: "/jobs", summary: "Run jobs", access: "user" },
  calls: [
    { ...{ action: "jobs.list", summary: "List", access: "user", rate: "read" }, params: {}, returns: object({}) },
    { ...{ action: "jobs.stop", summary: "Stop", access: "admin", rate: "write" }, params: {}, returns: object({}) },
  ],
};
const OPERATORS: NamespaceEntry = { ...{ name: "/operators", summary: "Operate", access: "admin" }, calls: [] };
const jobs: ServiceSchema = {
  name: "jobs",
  actions: {
    list: { auth: "required", roles: ["user"], visibility: "published", handler: () => ({}) },
    stop: { auth: "required", roles: ["admin"], visibility: "published", handler: () => ({}) },
  },
};

const configuration = () => ({ ACCESS_TEAM: TEAM, ACCESS_AUDIENCE: AUDIENCE, ACCESS_CERTIFICATES: team.url.href });
const start = (config: Readonly<Record<string, string>> = {}) =>
  startTestGateway(
    { "users.list": () => ({ users: [], more: false }), "users.profile": () => ({}) as never },
    {
      config: { ...configuration(), ...config },
      gatewayOptions: { namespaces: [JOBS, OPERATORS], clock },
      services: [jobs],
    },
  );

const admin = () => tokenOf("root", "admin", 7_200);
const asserted = (assertion: string) => ({ "cf-access-jwt-assertion": assertion });
const listUsers = async (parts: { token?: string; headers?: Record<string, string> }) => {
  const response = await gateway?.request("GET", "/api/admin/users", parts);
  return response?.json.error?.code ?? response?.status;
};

test("an entry for administrators needs an assertion besides the administrator's token", async () => {
  gateway = await start();
  const good = asserted(assertionBy(key));
  expect(await listUsers({ token: admin() })).toBe("ASSERTION");
  expect(await listUsers({ token: admin(), headers: good })).toBe(200);
  expect(await listUsers({ headers: good })).toBe("UNAUTHORIZED");
  expect(await listUsers({ token: tokenOf("ann"), headers: good })).toBe("FORBIDDEN");
  const bad = [
    assertionBy(key, { claims: { aud: ["c3".repeat(32)] } }),
    assertionBy(signingKey("key")),
    assertionBy(key, { claims: { exp: 1 } }),
    "forged",
  ];
  for (const assertion of bad)
    expect(await listUsers({ token: admin(), headers: asserted(assertion) })).toBe("ASSERTION");
  // a cookie of Access is for the edge, which makes the header out of it
  const cookie = { cookie: `CF_Authorization=${assertionBy(key)}` };
  expect(await listUsers({ token: admin(), headers: cookie })).toBe("ASSERTION");
});

test("a request with two assertions is refused, although the first one is valid", async () => {
  gateway = await start();
  const line = `Cf-Access-Jwt-Assertion: ${assertionBy(key)}\r\n`;
  const head = `GET /api/admin/users HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${admin()}\r\n`;
  expect(await gateway.sendBytes(`${head}${line}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await gateway.sendBytes(`${head}${line}${line}\r\n`)).toMatch(/^HTTP\/1\.1 403 [\s\S]*"ASSERTION"/);
});

test("other entries need no assertion, and other users cause no request for certificates", async () => {
  gateway = await start();
  team.requests = 0;
  expect((await gateway.request("GET", "/api/users/me", { token: tokenOf("ann") })).status).toBe(200);
  expect(await listUsers({ token: tokenOf("ann"), headers: asserted(assertionBy(key)) })).toBe("FORBIDDEN");
  expect(await listUsers({ headers: asserted(assertionBy(key)) })).toBe("UNAUTHORIZED");
  expect(team.requests).toBe(0);
});

test("where the certificates cannot be read, administrators are refused, and the log says why", async () => {
  const gone = await TestTeam.start(key);
  await gone.stop();
  gateway = await start({ ACCESS_CERTIFICATES: gone.url.href });
  expect(await listUsers({ token: admin(), headers: asserted(assertionBy(key)) })).toBe("UNAVAILABLE");
  expect(await listUsers({ token: admin() })).toBe("ASSERTION");
  expect(gateway.log.filter(({ msg }) => String(msg).includes("cannot be read"))).toHaveLength(1);
});

/** Joins a namespace as the administrator, over a connection of its own; rejects with the gateway's refusal. */
async function join(namespace: string, headers: Record<string, string>) {
  const main = await gateway?.connect(admin(), { extraHeaders: headers });
  if (!main) throw new Error("no gateway");
  const opened = main.io.socket(namespace, { auth: { token: admin() } });
  return await new Promise<typeof opened>((resolve, reject) => {
    opened.on("connect", () => resolve(opened)).on("connect_error", reject);
  });
}
const call = async (socket: Parameters<typeof emit>[0], action: string) =>
  (await emit(socket, "call", action, {})).error?.code ?? "done";

test("over a socket the assertion of the handshake counts, and only as long as it is valid", async () => {
  gateway = await start();
  const good = asserted(assertionBy(key));
  await expect(join("/operators", {})).rejects.toMatchObject({ message: "ASSERTION" });
  await expect(join("/operators", asserted("forged"))).rejects.toMatchObject({ message: "ASSERTION" });
  expect((await join("/operators", good)).connected).toBe(true);
  const without = await join("/jobs", {});
  expect([await call(without, "jobs.list"), await call(without, "jobs.stop")]).toEqual(["done", "ASSERTION"]);
  const withOne = await join("/jobs", good);
  expect([await call(withOne, "jobs.list"), await call(withOne, "jobs.stop")]).toEqual(["done", "done"]);
  later = 3_600_000;
  expect([await call(withOne, "jobs.list"), await call(withOne, "jobs.stop")]).toEqual(["done", "ASSERTION"]);
});

/** An assertion in a header. The gateway's clock stands still so many milliseconds before it is accepted no longer. */
function expiringAssertion(ms: number): { readonly "cf-access-jwt-assertion": string } {
  const exp = Math.floor(Date.now() / 1000) + 600;
  stopped = (exp + 60) * 1000 - ms;
  return asserted(assertionBy(key, { claims: { exp } }));
}

test("a connection whose assertion let an administrator in ends with the assertion, and others go on", async () => {
  const headers = expiringAssertion(20);
  gateway = await start();
  const unused = await join("/jobs", headers);
  const joining = await gateway.connect(admin(), { extraHeaders: headers });
  joining.io.socket("/operators", { auth: { token: admin() } });
  const calling = await join("/jobs", headers);
  calling.emit("call", "jobs.stop", {});
  for (const socket of [joining, calling]) if (socket.connected) await disconnected(socket);
  expect(await call(unused, "jobs.list")).toBe("done");
});

test("an administrator's server-sent events end with the assertion", async () => {
  const headers = expiringAssertion(500);
  const stream = new PassThrough({ objectMode: true });
  const returns = events({ tick: object({}) });
  gateway = await startStreamGateway(
    { ticks: { access: "admin", returns, run: () => stream } },
    { config: configuration(), gatewayOptions: { clock } },
  );
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks", { authorization: `Bearer ${admin()}`, ...headers }));
  const text = await connection.until((got) => got.endsWith("0\r\n\r\n"));
  expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*retry: 2000\n\n/);
  expect(stream.destroyed).toBe(true);
  connection.socket.destroy();
});
