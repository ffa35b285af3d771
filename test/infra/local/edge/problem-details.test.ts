import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { HOST, type Reply, TestSite } from "./test-site.ts";

const DOCUMENTATION = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes";
const NOW = Date.UTC(2026, 10, 29, 12, 0, 0, 250);
let testSite: TestSite;
let originHangs = false;

beforeAll(async () => {
  testSite = await TestSite.build(
    (request, response) => {
      if (!originHangs) request.socket.destroy();
      else response.socket?.resume();
    },
    { edge: { timeouts: { originMs: 300 }, clock: () => NOW } },
  );
  await testSite.record("elsewhere.causeway.localhost", "CNAME", "origin.example.com");
});
afterAll(() => testSite.close());
beforeEach(() => {
  originHangs = false;
});

const JSON_ACCEPT = { accept: "application/json" };

describe("errors of the edge as JSON", () => {
  const cases: [number, string, number, string, string, string, number | undefined, () => Promise<Reply>][] = [
    [
      1001,
      "DNS resolution error",
      409,
      "dns_resolution_error",
      "dns",
      "nowhere.example",
      undefined,
      () => testSite.get("/", { host: "nowhere.example", headers: JSON_ACCEPT }),
    ],
    [
      1003,
      "Direct IP access not allowed",
      403,
      "direct_ip_access_not_allowed",
      "access_denied",
      "192.0.2.1",
      undefined,
      () => testSite.get("/", { host: "192.0.2.1:8080", headers: JSON_ACCEPT }),
    ],
    [
      1016,
      "Origin DNS error",
      530,
      "origin_dns_error",
      "dns",
      "elsewhere.causeway.localhost",
      undefined,
      () => testSite.get("/", { host: "elsewhere.causeway.localhost", headers: JSON_ACCEPT }),
    ],
    [
      502,
      "Bad gateway",
      502,
      "origin_bad_gateway",
      "origin",
      HOST,
      60,
      () => testSite.get("/", { method: "POST", headers: JSON_ACCEPT }),
    ],
    [
      524,
      "A timeout occurred",
      524,
      "origin_response_timeout",
      "origin",
      HOST,
      120,
      () => {
        originHangs = true;
        return testSite.get("/", { headers: JSON_ACCEPT });
      },
    ],
    [
      1033,
      "Cloudflare Tunnel error",
      530,
      "tunnel_error",
      "config",
      HOST,
      120,
      async () => {
        await testSite.stopConnector();
        const reply = await testSite.get("/", { headers: JSON_ACCEPT });
        await testSite.startConnector();
        return reply;
      },
    ],
  ];
  test.each(cases)("%i: %s", async (code, title, status, name, category, zone, retryAfter, sendRequest) => {
    const { status: sent, headers, body } = await sendRequest();
    expect([sent, headers["content-type"]]).toEqual([status, "application/json; charset=utf-8"]);
    expect(headers["retry-after"]).toBe(retryAfter?.toString());
    const ray = String(headers["cf-ray"]).slice(0, 16);
    const { detail, what_you_should_do, footer, owner_action_required, ...members } = JSON.parse(body);
    expect(members).toEqual({
      type: `${DOCUMENTATION}/cloudflare-${code < 1000 ? "5xx" : "1xxx"}-errors/error-${code}/`,
      title: `Error ${code}: ${title}`,
      status,
      instance: ray,
      error_code: code,
      error_name: name,
      error_category: category,
      ray_id: ray,
      timestamp: "2026-11-29T12:00:00Z",
      zone,
      cloudflare_error: true,
      retryable: retryAfter !== undefined,
      ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    });
    for (const text of [detail, what_you_should_do, footer]) expect(text).toMatch(/^\S.*\.$/);
    expect(what_you_should_do).toMatch(retryAfter === undefined ? /Do not retry/ : new RegExp(`${retryAfter} seconds`));
    expect(typeof owner_action_required).toBe("boolean");
    expect(body).not.toMatch(/cfargotunnel|origin\.example|127\.0\.0\.1/);
  });

  test("1015: the seconds of the rate limit, not Cloudflare's own", async () => {
    await testSite.deploy("http_ratelimit", [
      {
        ref: "all",
        expression: 'http.request.uri.path eq "/limited"',
        action: "block",
        ratelimit: {
          characteristics: ["ip.src", "cf.colo.id"],
          period: 10,
          requests_per_period: 1,
          mitigation_timeout: 60,
        },
      },
    ]);
    await testSite.get("/limited", { headers: JSON_ACCEPT });
    const { status, headers, body } = await testSite.get("/limited", { headers: JSON_ACCEPT });
    await testSite.clear();
    expect([status, headers["retry-after"]]).toEqual([429, "60"]);
    expect(JSON.parse(body)).toMatchObject({
      error_code: 1015,
      error_name: "rate_limited",
      retry_after: 60,
      retryable: true,
    });
  });

  test("errors without a code of Cloudflare's have the members of RFC 9457", async () => {
    await testSite.deploy("http_request_firewall_custom", [
      { ref: "all", expression: 'http.request.uri.path eq "/blocked"', action: "block" },
    ]);
    const { status, headers, body } = await testSite.get("/blocked", {
      headers: { accept: "application/problem+json" },
    });
    await testSite.clear();
    expect([status, headers["content-type"]]).toEqual([403, "application/problem+json; charset=utf-8"]);
    expect(JSON.parse(body)).toEqual({
      type: "about:blank",
      title: "Blocked",
      status: 403,
      detail: "This site does not accept the request you sent.",
      instance: String(headers["cf-ray"]).slice(0, 16),
    });
  });
});

describe("which clients get JSON", () => {
  const json = "application/json; charset=utf-8";
  const problem = "application/problem+json; charset=utf-8";
  const html = "text/html; charset=utf-8";
  const text = "text/plain; charset=utf-8";
  test.each([
    ["application/json", json],
    ["application/problem+json", problem],
    ["APPLICATION/JSON", json],
    ["application/json, text/plain, */*", json],
    ["application/*", json],
    ["text/html, application/json;q=0.9", html],
    ["text/html;q=0.8, application/problem+json;q=0.9", problem],
    ["text/html, application/json", html],
    ["application/json;q=0, */*", text],
    ["application/json;q=nonsense", text],
    ["application/jsonp", text],
    ["*/*", text],
    ["", text],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html],
  ])("Accept: %s", async (accept, type) => {
    const { headers, status } = await testSite.get("/", { host: "nowhere.example", headers: { accept } });
    expect([status, headers["content-type"]]).toEqual([409, type]);
  });

  test("a redirect stays a page", async () => {
    await testSite.deploy("http_request_dynamic_redirect", [
      {
        ref: "there",
        expression: "true",
        action: "redirect",
        action_parameters: { from_value: { target_url: { value: "https://x.example/" }, status_code: 302 } },
      },
    ]);
    const { status, headers } = await testSite.get("/", { headers: JSON_ACCEPT });
    await testSite.clear();
    expect([status, headers["content-type"], headers.location]).toEqual([302, text, "https://x.example/"]);
  });
});
