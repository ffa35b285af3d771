import { afterEach, describe, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, type Seed, startApi } from "../../../infra/local/api/index.ts";
import type { Site } from "../../../infra/policy/index.ts";
import {
  type KnownIds,
  type Obstacle,
  PreflightError,
  preflight,
  preflightToken,
} from "../../../infra/preflight/index.ts";
import { site as sample } from "../policy/site.ts";

const site: Site = { ...sample, hostnames: ["chat.example.com"] };

let api: LocalApi;
afterEach(() => api.close());

async function start(seed: Seed = { zones: [{ name: "example.com" }] }): Promise<Cloudflare> {
  api = await startApi({ seed });
  return client();
}
const client = (apiToken = api.token) => new Cloudflare({ apiToken, baseURL: api.url, logLevel: "off", maxRetries: 0 });

async function obstaclesOf(
  cloudflare: Cloudflare,
  of: Site = site,
  known: KnownIds = {},
): Promise<readonly Obstacle[]> {
  try {
    await preflight(cloudflare, of, known);
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
  const { account, policy } = await preflight(await start(), site, {});
  expect(account).toEqual({ accountId: api.accountId, zoneId: api.zoneId, plan: "free" });
  expect(policy.report.plan).toBe("free");
  expect(api.journal.every(({ method }) => method === "GET")).toBe(true);
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

const mark = "causeway causeway/test";

/** One record, one ruleset and a tunnel that a stack made, with their ids in its state. */
async function deployed(cloudflare: Cloudflare) {
  const [zone_id, account_id] = [api.zoneId, api.accountId];
  const { id: tunnel = "" } = await cloudflare.zeroTrust.tunnels.cloudflared.create({
    account_id,
    name: `${mark} example.com`,
    config_src: "cloudflare",
  });
  await cloudflare.dns.records.create({
    zone_id,
    type: "CNAME",
    name: "chat.example.com",
    content: `${tunnel}.cfargotunnel.com`,
    comment: mark,
    proxied: true,
    ttl: 1,
  });
  const record = api.cloud.zoneOf("example.com")?.records[0]?.id ?? "";
  await cloudflare.rulesets.create({
    zone_id,
    kind: "zone",
    name: "causeway custom rules",
    description: mark,
    phase: FIREWALL,
    rules: [{ ref: "scanner_paths", expression: "ssl", action: "block" }],
  });
  const ruleset = api.cloud.zoneOf("example.com")?.rulesets[0]?.id ?? "";
  const known: KnownIds = { tunnel, "chat.example.com": record, [FIREWALL]: ruleset };
  return { known, tunnel, record, ruleset };
}
const FIREWALL = "http_request_firewall_custom";

test("P0: what is in the state is the stack's own whatever it looks like, and is neither offered nor imported", async () => {
  const cloudflare = await start();
  const { known, record, ruleset } = await deployed(cloudflare);
  await setUp(async () => {
    const zone_id = api.zoneId;
    for (const comment of ["edited in the dashboard", "causeway causeway/other"]) {
      await cloudflare.dns.records.edit(record, { zone_id, type: "CNAME", name: "chat.example.com", ttl: 1, comment });
      await cloudflare.rulesets.update(ruleset, {
        zone_id,
        kind: "zone",
        phase: FIREWALL,
        name: "causeway custom rules",
        description: comment,
        rules: [{ ref: "scanner_paths", expression: "ssl", action: "block" }],
      });
      expect((await preflight(cloudflare, site, known)).imports).toEqual({});
    }
  });
  // the line that earlier versions printed for it
  const adopted = { id: ruleset, name: "causeway custom rules", description: "edited in the dashboard" };
  const rules = [{ ref: "scanner_paths", expression: "ssl", action: "block" as const }];
  const adopt = { records: { "chat.example.com": record }, rulesets: { [FIREWALL]: { ...adopted, rules } } };
  expect((await preflight(cloudflare, { ...site, adopt }, known)).imports).toEqual({});
  // without the state the same things are foreign, and nothing is known of them
  const unknown = await obstaclesOf(cloudflare, site, {});
  expect(unknown.map(({ code }) => code)).toEqual(["another_stack", "another_stack"]);
});

test("P0: another thing in the place of what the state has is told, and not offered for adoption", async () => {
  const cloudflare = await start();
  const { known } = await deployed(cloudflare);
  const earlier = { ...known, "chat.example.com": "0".repeat(32), [FIREWALL]: "0".repeat(32) };
  written = api.journal.filter(({ method }) => method !== "GET");
  const found = await obstaclesOf(cloudflare, site, earlier);
  expect(found.map(({ code, adopt }) => [code, adopt])).toEqual([
    ["replaced_elsewhere", undefined],
    ["replaced_elsewhere", undefined],
  ]);
  expect(new PreflightError(found).message).not.toContain("causeway:adopt");
});

test("O2: what the stack made and the state does not have is imported: records and rulesets by their mark", async () => {
  const cloudflare = await start();
  const { tunnel, record, ruleset } = await deployed(cloudflare);
  expect((await preflight(cloudflare, site, {})).imports).toEqual({
    tunnel: `${api.accountId}/${tunnel}`,
    "chat.example.com": `${api.zoneId}/${record}`,
    [FIREWALL]: `zones/${api.zoneId}/${ruleset}`,
  });
  // a component of the program is called `tunnel` too; the state's record does not stand for it
  const { imports } = await preflight(cloudflare, site, { "chat.example.com": record });
  expect(Object.keys(imports).sort()).toEqual([FIREWALL, "tunnel"]);
});

describe("O2: a tunnel of the stack's name that the state does not have", () => {
  const name = `${mark} example.com`;
  async function tunnel(cloudflare: Cloudflare, named: string, hostname?: string): Promise<string> {
    const account_id = api.accountId;
    const tunnels = cloudflare.zeroTrust.tunnels.cloudflared;
    const { id = "" } = await tunnels.create({ account_id, name: named, config_src: "cloudflare" });
    const ingress = [
      ...(hostname === undefined ? [] : [{ hostname, service: "http://127.0.0.1:3000" }]),
      { hostname: "", service: "http_status:404" },
    ];
    if (hostname !== undefined) await tunnels.configurations.update(id, { account_id, config: { ingress } });
    written = api.journal.filter(({ method }) => method !== "GET");
    return id;
  }

  test("is the stack's own where it was never configured, or leads to the stack's hostname", async () => {
    for (const hostname of [undefined, "chat.example.com"]) {
      const cloudflare = await start();
      const id = await tunnel(cloudflare, name, hostname);
      expect((await preflight(cloudflare, site, {})).imports).toEqual({ tunnel: `${api.accountId}/${id}` });
      if (hostname === undefined) await api.close();
    }
  });

  test("is not where it leads to others or runs unconfigured: it is told and never taken", async () => {
    const cloudflare = await start();
    const id = await tunnel(cloudflare, name, "shop.example.com");
    expect(await obstaclesOf(cloudflare)).toMatchObject([
      {
        code: "tunnel_taken",
        found: expect.stringContaining("it leads to shop.example.com, which this stack does not"),
      },
    ]);
    await api.close();
    const other = await start();
    const running = await tunnel(other, name);
    const connection = { client_version: "1", colo_name: "x", origin_ip: "192.0.2.1", is_pending_reconnect: false };
    api.cloud.connected(running, [{ ...connection, id, client_id: id, opened_at: new Date(0).toISOString() }]);
    expect(await obstaclesOf(other)).toMatchObject([
      { code: "tunnel_taken", found: expect.stringContaining("degraded") },
    ]);
  });

  test("is no obstacle where an earlier version's name has no zone: it is taken only where the hostname leads to it", async () => {
    const cloudflare = await start();
    await tunnel(cloudflare, mark, "chat.example.org");
    expect((await preflight(cloudflare, site, {})).imports).toEqual({});
    const account_id = api.accountId;
    const [{ id = "" } = {}] = (await cloudflare.zeroTrust.tunnels.cloudflared.list({ account_id })).result;
    await cloudflare.dns.records.create({
      zone_id: api.zoneId,
      type: "CNAME",
      name: "chat.example.com",
      content: `${id}.cfargotunnel.com`,
      comment: mark,
      proxied: true,
      ttl: 1,
    });
    expect((await preflight(cloudflare, site, {})).imports).toMatchObject({ tunnel: `${account_id}/${id}` });
  });
});

test("a tunnel of the state that was deleted elsewhere is told", async () => {
  const cloudflare = await start();
  const { known, tunnel } = await deployed(cloudflare);
  await setUp(() => cloudflare.zeroTrust.tunnels.cloudflared.delete(tunnel, { account_id: api.accountId }));
  expect(await obstaclesOf(cloudflare, site, known)).toEqual([
    {
      code: "tunnel_deleted",
      found: expect.stringContaining(`${tunnel} was deleted elsewhere (20`),
      fix: expect.stringContaining("npm run up"),
    },
  ]);
  const { account, imports } = await preflightToken(cloudflare, site);
  expect([account.zoneId, imports]).toEqual([api.zoneId, {}]);
});

test("O17: a token that may only read tunnels is told before the program reads the tunnel's token", async () => {
  const cloudflare = await start();
  const { known } = await deployed(cloudflare);
  written = api.journal.filter(({ method }) => method !== "GET");
  const reader = api.issueToken([
    "Zone Read",
    "DNS Write",
    "Zone WAF Write",
    "Dynamic URL Redirects Write",
    "Cache Settings Write",
    "Cloudflare Tunnel Read",
  ]);
  expect(await obstaclesOf(client(reader), site, known)).toMatchObject([
    { code: "permission", fix: expect.stringContaining('"Cloudflare Tunnel Write"') },
  ]);
});

test.each([
  ["A", "192.0.2.1", /A record of the type A cannot be taken over.*CNAME.*delete it/],
  ["NS", "ns1.example.net", /delegated to other name servers.*choose another hostname/],
] as const)(
  "O18: a record of the type %s is not offered for adoption; it says what to do instead",
  async (type, content, fix) => {
    const cloudflare = await start();
    const record = { zone_id: api.zoneId, name: "chat.example.com", ttl: 1 as const };
    await setUp(() =>
      type === "A"
        ? cloudflare.dns.records.create({ ...record, type, content })
        : cloudflare.dns.records.create({ ...record, type, content }),
    );
    const found = await obstaclesOf(cloudflare);
    expect(found).toMatchObject([{ code: "record_taken", fix: expect.stringMatching(fix) }]);
    expect(new PreflightError(found).message).not.toMatch(/take it over|take over what/i);
  },
);

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

test("an API that fails or cannot be reached is an obstacle, not a crash", async () => {
  const cloudflare = await start();
  api.faults.next({ path: /dns_records/ }, { status: 500 });
  api.faults.next({ path: /cfd_tunnel/ }, { status: 429 });
  api.faults.next({ path: /http_ratelimit/ }, "cut");
  expect((await obstaclesOf(cloudflare)).map(({ code }) => code)).toEqual(["unreachable", "api_error", "throttled"]);
});
