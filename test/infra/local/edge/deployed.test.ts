import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { requestLines } from "../../../../infra/local/console/request-lines.ts";
import { startEdge } from "../../../../infra/local/edge/index.ts";
import { MANAGED_RULESETS, type Rule } from "../../../../infra/rules/index.ts";
import { HOST, TestSite } from "./test-site.ts";

const SITE_URL = "http://chat.causeway.localhost:8080";
const FIREWALL = "http_request_firewall_custom";
const at = (path: string) => `http.request.uri.path eq "${path}"`;
const block = (path: string, parts: Partial<Rule> = {}): Rule => ({
  ref: "block",
  expression: at(path),
  action: "block",
  ...parts,
});

let testSite: TestSite;
let now = 1_800_000_000_000;
let reached: string[] = [];
let handler: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  testSite = await TestSite.build(
    (request, response) => {
      reached.push(request.url ?? "");
      handler(request, response);
    },
    { edge: { clock: () => now, colo: "TST", plainPort: 0 } },
  );
});
afterAll(() => testSite.close());
beforeEach(async () => {
  await testSite.clear();
  testSite.records.length = 0;
  testSite.problems.length = 0;
  reached = [];
  handler = (_request, response) => response.end("origin");
});

describe("rules", () => {
  test("a blocked request gets 403, never reaches the origin, and the record names the rule and why", async () => {
    await testSite.deploy(FIREWALL, [block("/admin", { description: "No admin." })]);
    const reply = await testSite.get("/admin?token=secret");
    expect(reply.status).toBe(403);
    expect(reached).toEqual([]);
    const [record] = await testSite.over(1);
    expect(record).toMatchObject({
      method: "GET",
      host: HOST,
      path: "/admin",
      client: "127.0.0.1",
      status: 403,
      time: now,
    });
    expect(record?.ray).toMatch(/^[0-9a-f]{16}-TST$/);
    expect(record?.ray).toBe(reply.headers["cf-ray"]);
    expect(record?.verdict?.by).toMatchObject({
      ref: "block",
      phase: FIREWALL,
      action: "block",
      description: "No admin.",
    });
    expect(record?.verdict?.by?.why).toContain(at("/admin"));
    expect(JSON.stringify(record)).not.toContain("secret");
  });

  test("the block page is HTML for browsers and a line of text for others; neither says which rule it was", async () => {
    await testSite.deploy(FIREWALL, [block("/admin", { ref: "secret_rule", description: "Secret words." })]);
    const browser = await testSite.get("/admin", { headers: { accept: "text/html,*/*" } });
    expect(browser.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(browser.body).toContain("<h1>Blocked</h1>");
    const other = await testSite.get("/admin");
    expect(other.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(other.body).toContain(String(other.headers["cf-ray"]));
    for (const { body, headers } of [browser, other]) {
      expect(body).not.toMatch(/secret/i);
      expect(headers["cache-control"]).toContain("no-store");
    }
  });

  test("a connection goes on after a page, where the request had no body to skip", async () => {
    await testSite.deploy(FIREWALL, [block("/x")]);
    const one = (more: string) => `GET /x HTTP/1.1\r\nHost: ${HOST}\r\n${more}\r\n`;
    const replies = await testSite.raw(one("") + one("Content-Length: 0\r\n") + one("Connection: close\r\n"));
    expect(replies.match(/HTTP\/1\.1 403/g)).toHaveLength(3);
  });

  test("a custom response is sent as the rule gives it", async () => {
    const response = { status_code: 451, content_type: "application/json", content: '{"why":"é"}' };
    await testSite.deploy(FIREWALL, [block("/x", { action_parameters: { response } })]);
    const reply = await testSite.get("/x");
    expect(reply).toMatchObject({ status: 451, body: '{"why":"é"}' });
    expect(reply.headers["content-type"]).toBe("application/json");
  });

  test("a challenge is a 403 with cf-mitigated", async () => {
    await testSite.deploy(FIREWALL, [block("/x", { action: "managed_challenge" })]);
    const reply = await testSite.get("/x");
    expect(reply.status).toBe(403);
    expect(reply.headers["cf-mitigated"]).toBe("challenge");
    expect(reached).toEqual([]);
  });

  test("rules see the host without the listener's port, TLS, the client's address and raw headers", async () => {
    const seen = `http.host eq "${HOST}" and ssl and ip.src eq 127.0.0.1 and http.request.full_uri eq "https://${HOST}/x?y" and any(http.request.headers["x-a"][*] eq "B") and http.request.headers.names[1] eq "X-A"`;
    await testSite.deploy(FIREWALL, [block("", { expression: seen })]);
    expect(
      (await testSite.get("/x?y", { host: `${HOST}:${testSite.edge.port}`, headers: { "X-A": "B" } })).status,
    ).toBe(403);
  });

  test("a deployment applies from the next request on", async () => {
    expect((await testSite.get("/x")).status).toBe(200);
    await testSite.deploy(FIREWALL, [block("/x")]);
    expect((await testSite.get("/x")).status).toBe(403);
    await testSite.deploy(FIREWALL, []);
    expect((await testSite.get("/x")).status).toBe(200);
  });

  test("a cache rule that bypasses shows in cf-cache-status", async () => {
    const rule: Rule = {
      ref: "c",
      expression: at("/api"),
      action: "set_cache_settings",
      action_parameters: { cache: false },
    };
    await testSite.deploy("http_request_cache_settings", [rule]);
    expect((await testSite.get("/api")).headers["cf-cache-status"]).toBe("BYPASS");
    expect((await testSite.get("/")).headers["cf-cache-status"]).toBe("DYNAMIC");
  });

  test("a phase that is not imitated is reported once, and the other rules go on", async () => {
    await testSite.deploy(FIREWALL, [block("/x")]);
    expect((await testSite.get("/x")).status).toBe(403);
    const headers = { "X-A": { operation: "set", value: "1" } };
    await testSite.deploy("http_request_late_transform", [
      { ref: "t", expression: "true", action: "rewrite", action_parameters: { headers } },
    ]);
    await testSite.deploy(FIREWALL, [block("/y")]);
    expect((await testSite.get("/x")).status).toBe(200);
    expect((await testSite.get("/y")).status).toBe(403);
    // the change of the firewall and the requests do not repeat it
    expect(testSite.problems.map(({ zone }) => zone)).toEqual(["causeway.localhost"]);
    expect(testSite.problems[0]?.message).toMatch(/http_request_late_transform.*not imitated/);
  });

  test("a rule that cannot be evaluated is named: the request is served as if it did not match", async () => {
    const [id = ""] = Object.values(MANAGED_RULESETS);
    const managed: Rule = { ref: "managed", expression: at("/x"), action: "execute", action_parameters: { id } };
    await testSite.deploy(FIREWALL, [managed, block("/y")]);
    expect((await testSite.get("/x")).status).toBe(200);
    expect((await testSite.get("/y")).status).toBe(403);
    const [inDoubt, blocked] = await testSite.over(2);
    expect(inDoubt?.verdict).toMatchObject({ outcome: "undetermined", rulesInDoubt: [{ rule: "managed" }] });
    expect(blocked?.verdict).toMatchObject({ outcome: "block", rulesInDoubt: [] });
    expect(testSite.problems).toHaveLength(1);
    expect(testSite.problems[0]?.message).toMatch(
      /^some of the deployed rules are not evaluated as at Cloudflare:\nrule "managed" .*as if it did not match$/,
    );
    const lines = inDoubt ? requestLines(inDoubt).join("\n") : "";
    expect(lines).toMatch(
      /UNSURE 200 .*\n +undetermined: rule "managed" .*\n +rules in doubt were taken as not matching$/,
    );
  });
});

describe("plain HTTP", () => {
  const redirect: Rule = {
    ref: "to_https",
    expression: 'not ssl and http.request.uri.path eq "/page"',
    action: "redirect",
    action_parameters: {
      from_value: {
        target_url: { expression: 'concat("https://", http.host, http.request.uri.path)' },
        status_code: 308,
        preserve_query_string: true,
      },
    },
  };

  test("on the second listener is seen as plain HTTP by rules and origin", async () => {
    let seen: IncomingMessage["headers"] = {};
    handler = (request, response) => {
      seen = request.headers;
      response.end();
    };
    await testSite.deploy(FIREWALL, [
      block("", { expression: 'not ssl and http.request.full_uri contains "http://"' }),
    ]);
    expect((await testSite.get("/", { plain: true })).status).toBe(403);
    expect((await testSite.get("/")).status).toBe(200);
    expect(seen).toMatchObject({ "x-forwarded-proto": "https", "cf-visitor": '{"scheme":"https"}' });
    await testSite.deploy(FIREWALL, []);
    expect((await testSite.get("/", { plain: true, headers: { "X-Forwarded-Proto": "https" } })).status).toBe(200);
    expect(seen).toMatchObject({ "x-forwarded-proto": "http", "cf-visitor": '{"scheme":"http"}' });
  });

  test("is redirected by the first phase of all; the record names the rule, and no request reaches the origin", async () => {
    await testSite.deploy("http_request_dynamic_redirect", [redirect]);
    await testSite.deploy(FIREWALL, [block("", { expression: "not ssl" })]);
    const host = `${HOST}:${testSite.edge.plainPort}`;
    const moved = await testSite.get("/page?a=%0d%0ab", { plain: true, host });
    expect(moved.status).toBe(308);
    expect(moved.headers.location).toBe(`https://${HOST}/page?a=%0d%0ab`);
    expect(moved.headers["strict-transport-security"]).toBeUndefined();
    expect((await testSite.over(1))[0]?.verdict?.by).toMatchObject({ ref: "to_https", action: "redirect" });
    expect((await testSite.get("/page", { plain: true, method: "HEAD" })).headers.location).toBe(
      `https://${HOST}/page`,
    );
    expect((await testSite.get("/other", { plain: true })).status).toBe(403);
    expect((await testSite.get("/page")).status).toBe(200);
    expect(reached).toEqual(["/page"]);
  });

  test("goes to TLS whatever it asks for, before any rule, where the zone's setting always_use_https is on", async () => {
    const setting = `/zones/${testSite.api.zoneId}/settings/always_use_https`;
    await testSite.deploy(FIREWALL, [block("/x")]);
    await testSite.call("PATCH", setting, { value: "on" });
    const moved = await testSite.get("/x?y", { plain: true, method: "POST", body: "z" });
    await testSite.call("PATCH", setting, { value: "off" });
    expect(moved).toMatchObject({ status: 301, headers: { location: `https://${HOST}/x?y` } });
    expect((await testSite.over(1))[0]?.verdict).toBeUndefined();
    expect((await testSite.get("/x", { plain: true })).status).toBe(403);
    expect(reached).toEqual([]);
  });
});

describe("rate limits", () => {
  const rule = (parts: Partial<Rule> = {}, limit: Partial<NonNullable<Rule["ratelimit"]>> = {}): Rule => ({
    ref: "login",
    expression: at("/login"),
    action: "block",
    ratelimit: {
      characteristics: ["cf.colo.id", "ip.src"],
      period: 10,
      requests_per_period: 2,
      mitigation_timeout: 30,
      ...limit,
    },
    ...parts,
  });

  test("respond with 429 and Retry-After until the time is over, and leave other paths alone", async () => {
    await testSite.deploy("http_ratelimit", [rule()]);
    now += 100_000;
    const statuses = [];
    for (let time = 0; time < 3; time += 1) statuses.push((await testSite.get("/login")).status);
    expect(statuses).toEqual([200, 200, 429]);
    now += 10_000;
    const limited = await testSite.get("/login");
    expect(limited.headers["retry-after"]).toBe("20");
    expect((await testSite.get("/")).status).toBe(200);
    const record = (await testSite.over(5))[3];
    expect(record?.verdict?.by).toMatchObject({ ref: "login", phase: "http_ratelimit" });
    now += 20_001;
    expect((await testSite.get("/login")).status).toBe(200);
  });

  test("a spoofed address does not get a counter of its own", async () => {
    await testSite.deploy("http_ratelimit", [rule({ ref: "spoofed" })]);
    const forged = (address: string) => ({
      "CF-Connecting-IP": address,
      "X-Forwarded-For": address,
      "True-Client-IP": address,
    });
    const statuses = [];
    for (const address of ["1.1.1.1", "2.2.2.2", "3.3.3.3"])
      statuses.push((await testSite.get("/login", { headers: forged(address) })).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test("keep counting across a deployment that does not change them", async () => {
    await testSite.deploy("http_ratelimit", [rule({ ref: "kept" })]);
    for (let time = 0; time < 2; time += 1) await testSite.get("/login");
    await testSite.deploy(FIREWALL, [block("/other")]);
    await testSite.deploy("http_ratelimit", [rule({ ref: "kept", description: "new words" })]);
    expect((await testSite.get("/login")).status).toBe(429);
  });

  test("count the origin's responses, where they count by response", async () => {
    const counting_expression = `${at("/login")} and http.response.code eq 401`;
    await testSite.deploy("http_ratelimit", [
      rule({ ref: "responses" }, { counting_expression, requests_per_period: 1 }),
    ]);
    const statuses = [];
    for (const status of [200, 401, 200, 401, 200]) {
      handler = (_request, response) => response.writeHead(status).end();
      statuses.push((await testSite.get("/login")).status);
    }
    expect(statuses).toEqual([200, 401, 200, 401, 429]);
  });
});

describe("hosts", () => {
  beforeAll(async () => {
    await testSite.record("plain.causeway.localhost", "A", "192.0.2.1", false);
    await testSite.record("other.causeway.localhost", "CNAME", "example.com");
    await testSite.record("*.wild.causeway.localhost", "CNAME", `${testSite.tunnelId}.cfargotunnel.com`);
    await testSite.record("text.wild.causeway.localhost", "TXT", '"hello"', false);
  });

  test.each([
    ["nothing.causeway.localhost", 409, 1001],
    ["example.org", 409, 1001],
    ["causeway.localhost.example.org", 409, 1001],
    ["plain.causeway.localhost", 409, 1001],
    ["text.wild.causeway.localhost", 409, 1001],
    ["127.0.0.1", 403, 1003],
    ["[::1]", 403, 1003],
    ["other.causeway.localhost", 530, 1016],
  ])("%s is answered %d with error %d", async (host, status, code) => {
    const reply = await testSite.get("/", { host });
    expect(reply.status).toBe(status);
    expect(reply.body).toContain(`error ${code}`);
    expect((await testSite.over(1))[0]?.failure?.code).toBe(code);
    expect(reached).toEqual([]);
  });

  test.each([
    ["127.0.0.1:8080", 403, "1003"],
    ["localhost:8080", 409, "1001"],
  ])("D6: %s is told where the site is, in each form of the error", async (host, status, code) => {
    const edge = await startEdge({ cloud: testSite.api.cloud, tunnel: testSite.tunnel, siteUrl: SITE_URL });
    try {
      const ask = async (accept: string) => {
        const response = await testSite.get("/", { port: edge.port, host, headers: { accept } });
        expect(response.status).toBe(status);
        expect(response.body).toContain(code);
        return response.body;
      };
      expect(await ask("*/*")).toMatch(/ The site on this machine is http:\/\/chat\.causeway\.localhost:8080\nRay /);
      expect(await ask("text/html")).toContain(`<a href="${SITE_URL}">${SITE_URL}</a>`);
      expect(JSON.parse(await ask("application/json")).detail).toMatch(/ is http:\/\/chat\.causeway\.localhost:8080$/);
    } finally {
      await edge.close();
    }
    expect((await testSite.get("/", { host })).body).not.toContain(SITE_URL);
  });

  test("the port of the Host does not matter", async () => {
    expect((await testSite.get("/", { host: `${HOST}:443` })).status).toBe(200);
  });

  test.each([HOST.toUpperCase(), `${HOST}.`])(
    "%s is the same host for DNS, but not for the ingress of cloudflared",
    async (host) => {
      expect((await testSite.get("/", { host })).status).toBe(404);
      expect((await testSite.over(1))[0]?.verdict?.outcome).toBe("pass");
    },
  );

  test("a wildcard serves names below it that have no record of their own", async () => {
    // the tunnel has no ingress for it, so its catch-all answers 404: the request did go down the tunnel
    expect((await testSite.get("/", { host: "a.b.wild.causeway.localhost" })).status).toBe(404);
    expect((await testSite.get("/", { host: "wild.causeway.localhost" })).status).toBe(409);
  });

  test("rules apply to every proxied host of the zone and to no other", async () => {
    await testSite.deploy(FIREWALL, [block("", { expression: "true" })]);
    expect((await testSite.get("/", { host: "other.causeway.localhost" })).status).toBe(403);
    expect((await testSite.get("/", { host: "plain.causeway.localhost" })).status).toBe(409);
    expect((await testSite.get("/", { host: "example.org" })).status).toBe(409);
  });

  test("the URL of an absolute target names the host, not the Host line", async () => {
    const reply = await testSite.raw(
      `GET http://${HOST}/abs?q HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n`,
    );
    expect(reply).toContain("200 OK");
    expect(reached).toEqual(["/abs?q"]);
  });
});

describe("origins", () => {
  test("no connector: 530 with error 1033 and Retry-After; back again, all is well", async () => {
    await testSite.stopConnector();
    const reply = await testSite.get();
    expect(reply).toMatchObject({ status: 530, headers: { "retry-after": "120" } });
    expect(reply.body).toContain("error 1033");
    expect((await testSite.over(1))[0]?.failure).toMatchObject({ code: 1033 });
    await testSite.startConnector();
    expect((await testSite.get()).status).toBe(200);
  });

  test("an origin that is down: 502", async () => {
    handler = (request) => request.socket.destroy();
    const reply = await testSite.get("/", { method: "POST", body: "x" });
    expect(reply.status).toBe(502);
    expect((await testSite.over(1))[0]?.failure).toMatchObject({ code: 502 });
  });

  test("a body above the plan's limit: 413, by its declared length", async () => {
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 500000001\r\n\r\n`;
    const reply = await testSite.raw(head, (text) => text.includes("Ray"));
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    expect(reached).toEqual([]);
    expect((await testSite.over(1))[0]?.failure?.message).toContain("500000001");
  });

  test("P9: a body above the zone's max_upload: 413", async () => {
    const setting = `/zones/${testSite.api.zoneId}/settings/max_upload`;
    await testSite.call("PATCH", setting, { value: 125 });
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 125000001\r\n\r\n`;
    expect(await testSite.raw(head, (text) => text.includes("Ray"))).toMatch(/^HTTP\/1\.1 413 /);
    expect(reached).toEqual([]);
    await testSite.call("PATCH", setting, { value: 500 });
  });
});
