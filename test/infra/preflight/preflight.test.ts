import { expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { policyFor, type Site } from "../../../infra/policy/index.ts";
import { openApi, preflight } from "../../../infra/preflight/index.ts";
import { allowWritesSoFar, api, client, obstaclesOf, setUp, site, start } from "./account-stage.ts";

test("an empty zone is ready; its account and plan are found; nothing is written", async () => {
  const { account, policy } = await preflight(await start(), site, {});
  expect(account).toEqual({ accountId: api.accountId, zoneId: api.zoneId, plan: "free" });
  expect(policy.report.plan).toBe("free");
  expect(api.journal.every(({ method, dryRun }) => method === "GET" || dryRun)).toBe(true);
});

test("a smaller plan than the zone has may be named, a larger one not", async () => {
  const cloudflare = await start({ zones: [{ name: "example.com", plan: "pro" }] });
  expect((await preflight(cloudflare, { ...site, plan: "free" }, {})).account.plan).toBe("free");
  expect(await obstaclesOf(cloudflare, { ...site, plan: "business" })).toEqual([
    {
      code: "plan_too_small",
      found: "the zone example.com is on the pro plan, the configuration names business",
      fix: expect.any(String),
    },
  ]);
});

test("what stands under our names and is not ours is told all at once, emptied entry points too", async () => {
  const cloudflare = await start();
  const zone_id = api.zoneId;
  await setUp(async () => {
    await cloudflare.rulesets.create({
      zone_id,
      kind: "zone",
      name: "default",
      phase: "http_request_firewall_custom",
      rules: [],
    });
    await cloudflare.rulesets.create({
      zone_id,
      kind: "zone",
      name: "moved",
      phase: "http_request_dynamic_redirect",
      rules: [
        {
          ref: "shop",
          expression: 'http.host eq "shop.example.com"',
          action: "redirect",
          action_parameters: { from_value: { target_url: { value: "https://example.org/" }, status_code: 302 } },
        },
      ],
    });
    await cloudflare.rulesets.create({
      zone_id,
      kind: "zone",
      name: "causeway cache rules",
      description: "causeway causeway/other",
      phase: "http_request_cache_settings",
      rules: [],
    });
    await cloudflare.dns.records.create({ zone_id, type: "A", name: "chat.example.com", content: "192.0.2.1", ttl: 1 });
    await cloudflare.zeroTrust.tunnels.cloudflared.create({
      account_id: api.accountId,
      name: "causeway causeway/test example.com",
      config_src: "local",
    });
  });
  const found = await obstaclesOf(cloudflare);
  expect(found[0]?.adopt).toMatchObject({ rulesets: { http_request_dynamic_redirect: { rules: [{ ref: "shop" }] } } });
  expect(found.map(({ code, found: what }) => `${code}: ${what.replaceAll(/[0-9a-f-]{32,36}/g, "ID")}`)).toEqual([
    'entrypoint_taken: the zone has a ruleset for http_request_dynamic_redirect: "moved" (ID) already, with one rule',
    'entrypoint_taken: the zone has a ruleset for http_request_firewall_custom: "default" (ID) already, with 0 rules',
    'another_stack: the stack causeway/other has a ruleset for http_request_cache_settings: "causeway cache rules" (ID)',
    "record_taken: chat.example.com has a record already: A 192.0.2.1 (ID)",
    'tunnel_taken: the account has a tunnel "causeway causeway/test example.com" (ID) already, and it is configured on its connectors',
  ]);
});

test("what carries the stack's mark is ours", async () => {
  const cloudflare = await start();
  const zone_id = api.zoneId;
  await cloudflare.rulesets.create({
    zone_id,
    kind: "zone",
    name: "causeway custom rules",
    description: "causeway causeway/test",
    phase: "http_request_firewall_custom",
    rules: [],
  });
  await cloudflare.dns.records.create({
    zone_id,
    type: "CNAME",
    name: "chat.example.com",
    content: "x.cfargotunnel.com",
    comment: "causeway causeway/test",
    proxied: true,
    ttl: 1,
  });
  await expect(preflight(cloudflare, site, {})).resolves.toBeDefined();
});

test("what the configuration adopts must be there", async () => {
  const cloudflare = await start();
  const ruleset = { id: "0".repeat(32), name: "default", description: "", rules: [] };
  const adopt = {
    tunnel: "0f0e0d0c-0b0a-0908-0706-050403020100",
    records: { "chat.example.com": "0".repeat(32) },
    rulesets: { http_ratelimit: ruleset },
  };
  const found = await obstaclesOf(cloudflare, { ...site, adopt });
  expect(found.map(({ code }) => code)).toEqual(["adopted_missing", "adopted_missing", "adopted_missing"]);
});

test("adopted rules count for the plan's limit", async () => {
  const cloudflare = await start();
  const { rulesets } = policyFor(site, "free");
  const own = rulesets.find(({ phase }) => phase === "http_request_firewall_custom")?.rules.length ?? 0;
  const rules = Array.from({ length: 3 }, (_, index) => ({
    ref: `r${index}`,
    expression: "ssl",
    action: "block" as const,
  }));
  await cloudflare.rulesets.create({
    zone_id: api.zoneId,
    kind: "zone",
    name: "default",
    phase: "http_request_firewall_custom",
    rules,
  });
  const id = api.cloud.zoneOf("example.com")?.rulesets[0]?.id ?? "";
  const ruleset = { id, name: "default", description: "", rules };
  allowWritesSoFar();
  const found = await obstaclesOf(cloudflare, {
    ...site,
    adopt: { records: {}, rulesets: { http_request_firewall_custom: ruleset } },
  });
  expect(found.map(({ code, found: what }) => `${code}: ${what}`)).toEqual([
    `policy.rule-count: http_request_firewall_custom: ${own + 3} rules, 3 of them elsewhere, in http_request_firewall_custom; Free allows 5`,
  ]);
});

test("records beside a CNAME do no harm", async () => {
  const cloudflare = await start();
  await cloudflare.dns.records.create({
    zone_id: api.zoneId,
    type: "TXT",
    name: "chat.example.com",
    content: '"v"',
    ttl: 1,
  });
  await expect(preflight(cloudflare, site, {})).resolves.toBeDefined();
});

test("a token that Cloudflare does not know stops it, and is not quoted", async () => {
  await start();
  const [obstacle, ...others] = await obstaclesOf(client("mistyped-token-0123456789abcdefghijklmnop"));
  expect([obstacle?.code, others]).toEqual(["token", []]);
  expect(JSON.stringify(obstacle)).not.toContain("mistyped");
});

test("a missing permission is named, each one, as the dashboard calls it too", async () => {
  await start();
  const token = api.issueToken(["Zone Read"]);
  const found = await obstaclesOf(client(token));
  expect(found[0]?.fix).toContain('"Dynamic URL Redirects Write", called "Single Redirect: Edit" there, in https://');
  expect(found.map(({ code, fix }) => `${code} ${/"(.*?)"/.exec(fix)?.[1]}`)).toEqual([
    "permission Dynamic URL Redirects Write",
    "permission Zone WAF Write",
    "permission Zone WAF Write",
    "permission Cache Settings Write",
    "permission DNS Write",
    "permission Cloudflare Tunnel Write",
  ]);
});

test("a wrong zone, a wrong account", async () => {
  const cloudflare = await start();
  const codes = async (of: Partial<Site>) =>
    (await obstaclesOf(cloudflare, { ...site, ...of })).map(({ code }) => code);
  expect(await codes({ zone: { name: "example.org" }, hostnames: ["chat.example.org"] })).toEqual(["zone_not_found"]);
  expect(await codes({ zone: { name: "example.com", id: "0".repeat(32) } })).toEqual(["zone_not_found"]);
  expect(await codes({ zone: { name: "example.com", id: api.zoneId }, accountId: "0".repeat(32) })).toEqual([
    "account_mismatch",
  ]);
});

test("a setting that the zone's plan cannot edit is found although the plan is only known now", async () => {
  const found = await obstaclesOf(await start(), { ...site, zoneSettings: { http2: "on" } });
  expect(found).toEqual([
    {
      code: "zone_setting",
      found: 'the setting http2 cannot be "on"',
      fix: "It takes the Pro plan: on Free it is read-only.",
    },
  ]);
});

test("O1: 9109 says that the token is wrong, and names no permission", async () => {
  const cloudflare = await start();
  const invalid = { status: 403, code: 9109, message: "Invalid access token" };
  api.faults.next({ path: /dns_records/ }, invalid);
  const [obstacle, ...others] = await obstaclesOf(cloudflare);
  expect([obstacle?.code, obstacle?.found, others]).toEqual(["token", expect.stringContaining("9109 Invalid"), []]);
  expect(JSON.stringify(obstacle)).not.toContain("permission");
});

test("the page that a 403 names is told where it is one of Cloudflare's", async () => {
  for (const [documentation_url, told] of [
    ["https://developers.cloudflare.com/fundamentals/api/reference/permissions/", true],
    ["https://cloudflare.com.example.net/", false],
  ] as const) {
    const body = {
      success: false,
      errors: [{ code: 10000, message: "Missing: DNS Read", documentation_url }],
      result: null,
    };
    const fetch = async () => Response.json(body, { status: 403 });
    await start();
    const [obstacle] = await obstaclesOf(new Cloudflare({ apiToken: "x", fetch, maxRetries: 0, logLevel: "off" }));
    expect(obstacle?.found).toContain("10000 Missing: DNS Read");
    expect(obstacle?.fix.includes(documentation_url)).toBe(told);
    if (told) await api.close();
  }
});

test("O17: an API that does not respond is told while it is waited for, and ends in an obstacle", async () => {
  await start();
  const told: string[] = [];
  const patience = { tell: (line: string) => void told.push(line), timeoutMs: 100, noticeMs: 20 };
  const cloudflare = openApi({ apiToken: api.token, baseURL: api.url }, patience);
  api.faults.next({}, "silent", 4);
  const [obstacle, ...others] = await obstaclesOf(cloudflare);
  expect([obstacle?.code, others]).toEqual(["unreachable", []]);
  expect(told[0]).toMatch(/^Cloudflare's API has not responded for \d+ s; still waiting\.$/);
});

test("an API that fails or cannot be reached is an obstacle, not a crash", async () => {
  const cloudflare = await start();
  api.faults.next({ path: /dns_records/ }, { status: 500 });
  api.faults.next({ path: /cfd_tunnel/ }, { status: 429 });
  api.faults.next({ path: /http_ratelimit/ }, "cut");
  expect((await obstaclesOf(cloudflare)).map(({ code }) => code)).toEqual(["unreachable", "api_error", "throttled"]);
});
