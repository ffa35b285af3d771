import { expect, test } from "@jest/globals";
import { ownerMark, type Policy, policyFor, type Site } from "../../../infra/policy/index.ts";
import { compile } from "../../../infra/resources/compile.ts";
import { site as sample } from "../policy/site.ts";

const site: Site = {
  ...sample,
  hostnames: ["chat.example.com"],
  zoneSettings: { security_level: "high" },
};
const target = { accountId: "a".repeat(32), zoneId: "b".repeat(32) };
const policy = policyFor(site, "free");

/** The policy with one rule of one phase. */
const withRule = (rule: Partial<Policy["rulesets"][number]["rules"][number]>): Policy => {
  const [ruleset] = policy.rulesets;
  const [first] = ruleset?.rules ?? [];
  if (ruleset === undefined || first === undefined) throw new Error("no rules");
  return { ...policy, rulesets: [{ ...ruleset, rules: [{ ...first, ...rule }] }] };
};
const ruleOf = (compiled: ReturnType<typeof compile>): unknown => {
  const rules = compiled.rulesets[0]?.args.rules;
  return Array.isArray(rules) ? rules[0] : undefined;
};

test("everything carries the stack's mark", () => {
  const { tunnel, records, rulesets } = compile(site, policy, target);
  expect(tunnel).toEqual({
    name: "tunnel",
    args: { accountId: target.accountId, name: "causeway causeway/test example.com", configSrc: "cloudflare" },
  });
  expect(records).toEqual([
    {
      name: "chat.example.com",
      args: {
        zoneId: target.zoneId,
        name: "chat.example.com",
        type: "CNAME",
        proxied: true,
        ttl: 1,
        comment: "causeway causeway/test",
      },
    },
  ]);
  for (const { args } of rulesets) expect(args).toMatchObject({ kind: "zone", description: "causeway causeway/test" });
});

test("rules carry every member that the API would fill in, and no logging (20018)", () => {
  for (const { args } of compile(site, policy, target).rulesets) {
    for (const rule of Array.isArray(args.rules) ? args.rules : []) {
      expect(rule).toEqual(
        expect.objectContaining({
          ref: expect.any(String),
          description: expect.any(String),
          enabled: true,
          expression: expect.any(String),
          action: expect.any(String),
        }),
      );
      expect(rule).not.toHaveProperty("logging");
      expect(rule).not.toHaveProperty("source");
    }
  }
});

test("only skip rules carry logging", () => {
  const skip = { action: "skip", action_parameters: { ruleset: "current" } } as const;
  expect(ruleOf(compile(site, withRule(skip), target))).toMatchObject({
    actionParameters: { ruleset: "current" },
    logging: { enabled: true },
  });
});

test("cf.colo.id is there once and last; timeout and requestsToOrigin are said", () => {
  const ratelimit = { characteristics: ["cf.colo.id", "ip.src"], period: 10, requests_per_period: 5 };
  expect(ruleOf(compile(site, withRule({ ratelimit }), target))).toMatchObject({
    ratelimit: {
      characteristics: ["ip.src", "cf.colo.id"],
      period: 10,
      requestsPerPeriod: 5,
      mitigationTimeout: 0,
      requestsToOrigin: false,
    },
  });
});

test("zone settings keep the API's own shape of their value", () => {
  expect(compile(site, policy, target).zoneSettings).toEqual([
    { name: "security_level", args: { zoneId: target.zoneId, settingId: "security_level", value: "high" } },
  ]);
});

test("what is taken over carries its import id", () => {
  const { tunnel, records, rulesets } = compile(site, policy, target, {
    imports: {
      tunnel: "account/tunnel",
      http_ratelimit: "zones/zone/ruleset",
      "chat.example.com": "zone/record",
    },
  });
  const ids = [tunnel, ...records, ...rulesets].map(({ name, import: id }) => [name, id]);
  expect(ids).toEqual([
    ["tunnel", "account/tunnel"],
    ["chat.example.com", "zone/record"],
    ["http_request_dynamic_redirect", undefined],
    ["http_request_firewall_custom", undefined],
    ["http_ratelimit", "zones/zone/ruleset"],
    ["http_request_cache_settings", undefined],
  ]);
});

test("P0: adopting what is the stack's own repeats none of its rules, and keeps its mark", () => {
  const phase = "http_request_firewall_custom";
  const own = policy.rulesets.find((ruleset) => ruleset.phase === phase);
  if (own === undefined) throw new Error("no custom rules");
  const theirs = { ref: "theirs", expression: "ssl", action: "block" } as const;
  const adopting = (name: string) => {
    const ruleset = { id: "c".repeat(32), name, description: "edited by hand", rules: [theirs, ...own.rules] };
    const adopt = { records: {}, rulesets: { [phase]: ruleset } };
    return compile({ ...site, adopt }, policy, target).rulesets.find((compiled) => compiled.name === phase)?.args;
  };
  const refs = ["theirs", ...own.rules.map(({ ref }) => ref)].map((ref) => expect.objectContaining({ ref }));
  expect(adopting(own.name)).toMatchObject({ rules: refs, description: "causeway causeway/test" });
  expect(adopting("default")).toMatchObject({ name: "default", rules: refs, description: "edited by hand" });
});

test("P6: tags that a record has become inputs, sorted; a record without tags has none", () => {
  const tags = { "chat.example.com": ["team:web", "by:hand"] };
  expect(compile(site, policy, target, { tags }).records[0]?.args).toMatchObject({ tags: ["by:hand", "team:web"] });
  expect(compile(site, policy, target).records[0]?.args).not.toHaveProperty("tags");
});

test("each hostname of a service has one record, and its origin is in the tunnel's configuration", () => {
  const tls = { caPool: "/etc/ca.pem", originServerName: "grafana.internal", http2Origin: true };
  const services: Site["services"] = [
    { hostname: "status.example.com", origin: "unix:/run/status.sock" },
    { hostname: "status.example.com", path: "/grafana", origin: "https://10.0.0.5", ...tls },
    { hostname: "chat.example.com", path: "/grafana", origin: "http://10.0.0.5" },
  ];
  const withServices = { ...site, services };
  const { records, ingresses } = compile(withServices, policyFor(withServices, "free"), target);
  expect(records.map(({ name }) => name)).toEqual(["chat.example.com", "status.example.com"]);
  expect(records[1]?.args).toMatchObject({ type: "CNAME", proxied: true, comment: ownerMark(site) });
  expect(ingresses[0]).toEqual({
    hostname: "status.example.com",
    path: "^/grafana(?:/|$)",
    service: "https://10.0.0.5",
    originRequest: { connectTimeout: 30, tcpKeepAlive: 30, keepAliveConnections: 100, keepAliveTimeout: 90, ...tls },
  });
});

test("an application of Access says every default, and denies who no policy of it names", () => {
  const admin = {
    ...{ name: "admin", hostname: "chat.example.com", path: "/admin", emails: ["ann@example.com"] },
    ...{ emailDomains: ["example.org"], serviceTokens: ["ci"], session: "8h" },
  };
  const withAccess: Site = {
    ...site,
    access: { team: "example", applications: [admin], serviceTokens: { ci: { duration: "48h" } } },
  };
  const { accountId } = target;
  const mark = "causeway causeway/test example.com";
  const uri = "chat.example.com/admin";
  const made = { accountId, sessionDuration: "8h" };
  expect(compile(withAccess, policyFor(withAccess, "free"), target).access).toEqual({
    team: "example",
    tokens: [{ key: "ci", name: "access:token:ci", args: { accountId, name: `${mark}: token ci`, duration: "48h" } }],
    policies: [
      {
        name: "access:policy:admin:people",
        args: {
          ...made,
          ...{ name: `${mark}: admin, people`, decision: "allow", serviceTokens: [] },
          includes: [{ email: { email: "ann@example.com" } }, { emailDomain: { domain: "example.org" } }],
        },
      },
      {
        name: "access:policy:admin:services",
        args: {
          ...made,
          ...{ name: `${mark}: admin, services`, decision: "non_identity", serviceTokens: ["ci"], includes: [] },
        },
      },
    ],
    applications: [
      {
        ...{ key: "admin", name: "access:app:admin" },
        args: {
          ...made,
          ...{ name: `${mark}: admin`, type: "self_hosted", domain: uri, destinations: [{ type: "public", uri }] },
          policies: ["access:policy:admin:people", "access:policy:admin:services"],
          ...{ allowAuthenticateViaWarp: false, appLauncherVisible: false, autoRedirectToIdentity: false },
          ...{ enableBindingCookie: false, httpOnlyCookieAttribute: true, optionsPreflightBypass: false },
          serviceAuth401Redirect: false,
        },
      },
    ],
  });
});
