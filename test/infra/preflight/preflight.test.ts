import { afterEach, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, type Seed, startApi } from "../../../infra/local/api/index.ts";
import type { Site } from "../../../infra/policy/index.ts";
import { type Obstacle, PreflightError, preflight } from "../../../infra/preflight/index.ts";
import { site as sample } from "../policy/site.ts";

const site: Site = { ...sample, hostnames: ["chat.example.com"] };

let api: LocalApi;
afterEach(() => api.close());

async function start(seed: Seed = { zones: [{ name: "example.com" }] }): Promise<Cloudflare> {
  api = await startApi({ seed });
  return client();
}
const client = (apiToken = api.token) => new Cloudflare({ apiToken, baseURL: api.url, logLevel: "off", maxRetries: 0 });

async function obstaclesOf(cloudflare: Cloudflare, of: Site = site): Promise<readonly Obstacle[]> {
  try {
    await preflight(cloudflare, of);
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error;
    for (const { found, fix } of error.obstacles) {
      expect(error.message).toContain(found);
      expect(error.message).toContain(fix);
    }
    expect(api.journal.filter(({ method, path }) => method !== "GET" && !path.startsWith("/seed"))).toEqual(written);
    return error.obstacles;
  }
  throw new Error("nothing stood in the way");
}
/** Writes that the test itself made. */
let written: unknown[] = [];
const setUp = async (work: () => Promise<unknown>): Promise<void> => {
  await work();
  written = api.journal.filter(({ method }) => method !== "GET");
};
afterEach(() => {
  written = [];
});

test("an empty zone is ready; its account and plan are found; nothing is written", async () => {
  const { account, policy } = await preflight(await start(), site);
  expect(account).toEqual({ accountId: api.accountId, zoneId: api.zoneId, plan: "free" });
  expect(policy.report.plan).toBe("free");
  expect(api.journal.every(({ method }) => method === "GET")).toBe(true);
});

test("a smaller plan than the zone has may be named, a larger one not", async () => {
  const cloudflare = await start({ zones: [{ name: "example.com", plan: "pro" }] });
  expect((await preflight(cloudflare, { ...site, plan: "free" })).account.plan).toBe("free");
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
      name: "causeway causeway/test",
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
    'tunnel_taken: the account has a tunnel "causeway causeway/test" (ID) already, and it is configured on its connectors',
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
  await expect(preflight(cloudflare, site)).resolves.toBeDefined();
});

test("a tunnel deleted elsewhere, to which a record of ours still leads, is told unless the state is known", async () => {
  const cloudflare = await start();
  const account_id = api.accountId;
  await setUp(async () => {
    const { id = "" } = await cloudflare.zeroTrust.tunnels.cloudflared.create({
      account_id,
      name: "causeway causeway/test",
      config_src: "cloudflare",
    });
    await cloudflare.dns.records.create({
      zone_id: api.zoneId,
      type: "CNAME",
      name: "chat.example.com",
      content: `${id}.cfargotunnel.com`,
      comment: "causeway causeway/test",
      proxied: true,
      ttl: 1,
    });
  });
  await expect(preflight(cloudflare, site)).resolves.toBeDefined();
  const [{ id = "" } = {}] = (await cloudflare.zeroTrust.tunnels.cloudflared.list({ account_id })).result;
  await setUp(() => cloudflare.zeroTrust.tunnels.cloudflared.delete(id, { account_id }));
  expect(await obstaclesOf(cloudflare)).toEqual([
    {
      code: "tunnel_deleted",
      found: expect.stringContaining(`${id} was deleted elsewhere (20`),
      fix: expect.stringContaining("npm run up"),
    },
  ]);
  await expect(preflight(cloudflare, site, true)).resolves.toBeDefined();
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

test("adopted rules use the plan's room", async () => {
  const cloudflare = await start();
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
  written = api.journal.filter(({ method }) => method !== "GET");
  const found = await obstaclesOf(cloudflare, {
    ...site,
    adopt: { records: {}, rulesets: { http_request_firewall_custom: ruleset } },
  });
  expect(found.map(({ code, found: what }) => `${code}: ${what}`)).toEqual([
    "policy.too_many_rules: http_request_firewall_custom: 6 rules, 3 of them adopted, in http_request_firewall_custom; Free has room for 5",
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
  await expect(preflight(cloudflare, site)).resolves.toBeDefined();
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

test("an API that fails or cannot be reached is an obstacle, not a crash", async () => {
  const cloudflare = await start();
  api.faults.next({ path: /dns_records/ }, { status: 500 });
  api.faults.next({ path: /cfd_tunnel/ }, { status: 429 });
  api.faults.next({ path: /http_ratelimit/ }, "cut");
  expect((await obstaclesOf(cloudflare)).map(({ code }) => code)).toEqual(["unreachable", "api_error", "throttled"]);
});
