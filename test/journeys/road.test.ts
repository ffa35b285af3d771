import { createServer, type IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { http } from "../../backend/surface.ts";
import { unprovedLines } from "../../infra/config.ts";
import { requestLines } from "../../infra/local/console/index.ts";
import { type RequestRecord, startEdge } from "../../infra/local/edge/index.ts";
import { bannerLines } from "../../scripts/local-site/banner.ts";
import {
  ask,
  call,
  connect,
  forget,
  newDataDir,
  openTestSite,
  PASSWORD,
  register,
  startConnector,
  type TestSite,
} from "./test-site.ts";

let dataDir: string;
let testSite: TestSite;
beforeAll(async () => {
  dataDir = newDataDir();
  testSite = await openTestSite(dataDir);
});
afterAll(async () => {
  await testSite.kit.stop();
  forget(dataDir);
});

test("the first start creates everything that the program declares and says what is deployed", () => {
  const { kit } = testSite;
  expect(new Set(kit.applied.steps.map(({ op }) => op))).toEqual(new Set(["create"]));
  const banner = bannerLines(kit, 1.5).join("\n");
  expect(banner).toContain(kit.chat);
  expect(banner).toContain("counts as TLS");
  for (const rule of ["to_https", "scanner_paths", "not_in_surface", "credential_rate"]) expect(banner).toContain(rule);
  expect(banner).not.toContain(kit.api.token);
  expect(banner).not.toContain(String(kit.applied.secrets.tunnelToken));
  expect(testSite.warnings).toEqual([]);

  // A6: what is deployed without proof is reported last, and once
  const [title = ""] = unprovedLines(["a rule"]);
  const outputs = { ...kit.applied.outputs, unproved: ["a rule"] };
  const unproved = { ...kit, applied: { ...kit.applied, outputs, warnings: ["a rule", title, "another"] } };
  expect(bannerLines(unproved, 1).slice(-3)).toEqual([title, "a rule", ""]);
  expect(bannerLines(unproved, 1).filter((line) => line.startsWith("  warning:"))).toEqual(["  warning: another"]);
});

test("the page comes through edge, rules, tunnel and gateway", async () => {
  const { status, headers, text } = await ask(testSite.kit, "GET", "/");
  expect(status).toBe(200);
  expect(text).toContain("<title>Causeway</title>");
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  expect(headers["cf-ray"]).toMatch(/^[0-9a-f]{16}-[A-Z]{3}$/);
});

test("a call over a socket comes through edge, rules, tunnel and gateway", async () => {
  const { kit } = testSite;
  const socket = await connect(kit, await register(kit, "Ada"));
  try {
    expect(await call(socket, "users.pictures", { users: ["nobody"] })).toEqual({ pictures: [] });
    await expect(call(socket, "users.list", {})).rejects.toMatchObject({ code: "NOT_FOUND" });
  } finally {
    socket.close();
  }
});

test.each([
  ["GET", "/wp-login.php", "scanner_paths"],
  ["GET", "/api/users", "not_in_surface"],
  ["DELETE", "/api/users/me", "not_in_surface"],
  ["GET", "/API/users/me", "not_in_surface"],
])("%s %s is blocked at the edge, and the terminal names the rule %s", async (method, path, ref) => {
  const { status } = await ask(testSite.kit, method, path);
  expect(status).toBe(403);
  const record = testSite.records.at(-1);
  expect(record?.verdict?.by?.ref).toBe(ref);
  expect(record && requestLines(record).join("\n")).toContain(`rule ${ref}`);
});

test("over plain HTTP the page leads to TLS, and no call of the API gets through", async () => {
  const { kit } = testSite;
  const records: RequestRecord[] = [];
  const edge = await startEdge({
    cloud: kit.api.cloud,
    tunnel: kit.tunnel,
    plainPort: 0,
    onRequest: (record) => records.push(record),
  });
  try {
    const plain = { ...kit, edge: { ...edge, port: edge.plainPort ?? 0 } };
    const page = await ask(plain, "GET", "/?from=a-link");
    expect(page).toMatchObject({ status: 301, headers: { location: `https://${kit.hostname}/?from=a-link` } });
    // HSTS is for responses over TLS (RFC 6797 7.2), and for this hostname alone: the zone may carry other sites
    expect(page.headers).not.toHaveProperty("strict-transport-security");
    expect((await ask(kit, "GET", "/")).headers["strict-transport-security"]).toBe("max-age=31536000");
    for (const { method, path } of http) {
      const body = method === "GET" ? undefined : { email: "ada@example.org", password: PASSWORD };
      expect((await ask(plain, method, path, { body })).status).toBe(403);
      expect(records.at(-1)?.verdict?.by?.ref).toBe("plain_http");
    }
  } finally {
    await edge.close();
  }
});

test("a host that is not the site's does not reach the backend", async () => {
  const { status, text } = await ask(testSite.kit, "GET", "/", { host: "other.causeway.localhost" });
  expect(status).toBe(409); // Cloudflare's error 1001: the zone has no record of that name
  expect(text).toContain("1001");
});

test("a dot at the end of the host steps around no rule, and the connector serves nothing under that name", async () => {
  const host = `${testSite.kit.hostname}.`;
  expect((await ask(testSite.kit, "GET", "/wp-login.php", { host })).status).toBe(403);
  expect(testSite.records.at(-1)?.verdict?.by?.ref).toBe("scanner_paths");
  expect(await ask(testSite.kit, "GET", "/", { host })).toMatchObject({ status: 404, text: "" });
});

test("a forged CF-Connecting-IP does not reach the origin, in any spelling; the visitor's own address does", async () => {
  const seen: IncomingHttpHeaders[] = [];
  const origin = createServer((incoming, response) => {
    seen.push(incoming.headers);
    response.end();
  });
  const { kit } = testSite;
  const ingress = kit.api.cloud.tunnel(String(kit.applied.outputs.tunnelId))?.config;
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const address = origin.address();
  if (!address || typeof address === "string") throw new Error("no port");
  const configurations = `${kit.api.url}/accounts/${kit.api.accountId}/cfd_tunnel/${kit.applied.outputs.tunnelId}/configurations`;
  const put = (config: unknown) =>
    fetch(configurations, {
      method: "PUT",
      headers: { authorization: `Bearer ${kit.api.token}`, "content-type": "application/json" },
      body: JSON.stringify({ config }),
    });
  try {
    await put({ ingress: [{ service: `http://127.0.0.1:${address.port}` }] });
    const forged = "203.0.113.66";
    for (const header of ["CF-Connecting-IP", "cf-connecting-ip", "CF-CONNECTING-IP", "X-Real-IP", "True-Client-IP"]) {
      await ask(kit, "GET", "/", { headers: { [header]: forged, "X-Forwarded-For": forged } });
    }
    expect(seen).toHaveLength(5);
    for (const headers of seen) {
      expect(headers["cf-connecting-ip"]).toBe("127.0.0.1");
      expect(headers["true-client-ip"]).toBeUndefined();
    }
  } finally {
    await put(ingress);
    await new Promise((resolve) => origin.close(resolve));
  }
});

test("a connector that is killed and started again serves the same users", async () => {
  const { kit } = testSite;
  const eve = await register(kit, "Eve");
  const first = await connect(kit, eve);
  const dropped = new Promise((resolve) => first.once("disconnect", resolve));
  await kit.connector.stop();
  await dropped;
  expect((await ask(kit, "GET", "/")).status).toBe(530);
  const connector = await startConnector(kit);
  try {
    const second = await connect(kit, eve);
    expect(await call(second, "users.pictures", { users: ["nobody"] })).toEqual({ pictures: [] });
    second.close();
  } finally {
    await connector.stop();
  }
  expect((await ask(kit, "GET", "/")).status).toBe(530);
});

test("hammering the login is stopped at the edge, and a second start finds users and tunnel and changes nothing", async () => {
  const before = testSite.kit;
  const tunnelId = before.applied.outputs.tunnelId;
  await before.stop();
  testSite = await openTestSite(dataDir, true);
  const { kit, records } = testSite;

  expect(kit.chat).toBe(before.chat);
  expect(new Set(kit.applied.steps.map(({ op }) => op))).toEqual(new Set(["same"]));
  expect(kit.applied.outputs.tunnelId).toBe(tunnelId);
  expect(kit.api.journal.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(bannerLines(kit, 1).join("\n")).toContain("nothing to change");

  const { text } = await ask(kit, "POST", "/api/auth/login", {
    body: { email: "ada@example.org", password: PASSWORD },
  });
  const ada = JSON.parse(text);
  const socket = await connect(kit, { email: "ada@example.org", accessToken: ada.accessToken });
  socket.close();

  // the gateway slows a guesser down by itself, and sooner; the edge spares it the rest
  const guess = () => ask(kit, "POST", "/api/auth/login", { body: { email: "nobody@example.org", password: "guess" } });
  const byEdge = () => records.at(-1)?.verdict?.by?.ref === "credential_rate";
  let answer = await guess();
  for (let tries = 0; !byEdge() && tries < 30; tries++) answer = await guess();
  expect(byEdge()).toBe(true);
  expect(answer.status).toBe(429);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  expect((await ask(kit, "GET", "/")).status).toBe(200);
});
