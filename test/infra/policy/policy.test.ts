import { expect, test } from "@jest/globals";
import { policyDiagnostics, policyFor, SURFACE } from "../../../infra/policy/index.ts";
import type { Plan } from "../../../infra/rules/index.ts";
import { PLANS, site } from "./site.ts";

test("the first `pulumi up` works on Free: in phases, with operators and actions that it has", () => {
  const { rulesets } = policyFor(site, "free");
  expect(rulesets.map(({ phase }) => phase)).toEqual([
    "http_request_dynamic_redirect",
    "http_request_firewall_custom",
    "http_ratelimit",
    "http_request_cache_settings",
  ]);
  for (const { expression, action } of rulesets.flatMap(({ rules }) => rules)) {
    expect(expression).not.toMatch(/matches|~/);
    expect(action).not.toBe("log");
  }
});

test.each(PLANS)("the policy is within the %s plan", (plan) => {
  expect(policyDiagnostics(policyFor(site, plan), plan)).toEqual([]);
});

test.each(PLANS)("on the %s plan every rule has its own ref, a description and examples", (plan) => {
  for (const { rules } of policyFor(site, plan).rulesets) {
    expect(new Set(rules.map(({ ref }) => ref)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule.ref).toMatch(/^[a-z][a-z0-9_]+$/);
      expect(rule.description.length).toBeGreaterThan(10);
      expect(rule.source.examples.match.length).toBeGreaterThan(0);
      expect(rule.source.examples.pass.length).toBeGreaterThan(0);
    }
  }
});

test("every rule is guarded by the site's hostnames, except Free's rate limiting rule, and the report says so", () => {
  const guard =
    '((lower(http.host) in {"chat.example.com" "chat.example.com." "www.example.com" "www.example.com."}' +
    ' or starts_with(lower(http.host), "chat.example.com:") or starts_with(lower(http.host), "chat.example.com.:")' +
    ' or starts_with(lower(http.host), "www.example.com:") or starts_with(lower(http.host), "www.example.com.:")) and ';
  for (const plan of PLANS) {
    const { rulesets, report } = policyFor(site, plan);
    const unguarded = rulesets.flatMap(({ rules }) => rules.filter(({ expression }) => !expression.startsWith(guard)));
    expect(unguarded.map(({ ref }) => ref)).toEqual(plan === "free" ? ["credential_rate"] : []);
    expect(report.notAtTheEdge.some(({ what }) => what.includes("hostname in the rate limiting rule"))).toBe(
      plan === "free",
    );
  }
});

test("exactly the credential endpoints are rate limited, at the surface's rate", () => {
  const [limit] = policyFor(site, "free").rulesets.find(({ phase }) => phase === "http_ratelimit")?.rules ?? [];
  expect(limit?.expression).toBe(
    'http.request.uri.path in {"/api/auth/change-email" "/api/auth/delete" "/api/auth/login" "/api/auth/password" ' +
      '"/api/auth/register" "/api/auth/request-reset" "/api/auth/request-verification" ' +
      '"/api/auth/reset-password" "/api/auth/verify-email"}',
  );
  expect(limit?.ratelimit).toEqual({
    characteristics: ["ip.src", "cf.colo.id"],
    period: 10,
    requests_per_period: SURFACE.rates.credential.requests,
    mitigation_timeout: 10,
    requests_to_origin: false,
  });
});

test("a rate over a longer time than the plan has keeps its average, rounded down", () => {
  const rates = { ...SURFACE.rates, credential: { requests: 25, seconds: 60 } };
  const limitOn = (plan: Plan) =>
    policyFor(site, plan, { ...SURFACE, rates }).rulesets.find(({ phase }) => phase === "http_ratelimit")?.rules[0]
      ?.ratelimit;
  expect(limitOn("free")).toMatchObject({ period: 10, requests_per_period: 4, mitigation_timeout: 10 });
  expect(limitOn("pro")).toMatchObject({ period: 60, requests_per_period: 25, mitigation_timeout: 60 });
});

test("the page is redirected to TLS at the name that was asked for; where it does not fit, it is blocked and the report says so", () => {
  const [ruleset] = policyFor(site, "free").rulesets;
  expect(ruleset?.rules).toMatchObject([
    {
      ref: "to_https",
      action_parameters: {
        from_value: {
          target_url: { expression: 'concat("https://", http.host, http.request.uri.path)' },
          status_code: 301,
          preserve_query_string: true,
        },
      },
    },
  ]);
  const assets = Array.from({ length: 300 }, (_, index) => `/assets/number-${index}.css` as const);
  for (const surface of [
    { ...SURFACE, assets },
    { ...SURFACE, assets: ["/a/../b"] as const },
  ]) {
    const { rulesets, report } = policyFor(site, "free", surface);
    expect(rulesets.map(({ phase }) => phase)).not.toContain("http_request_dynamic_redirect");
    expect(report.notAtTheEdge.some(({ what }) => what.includes("http://"))).toBe(true);
  }
  expect(policyFor(site, "free").report.notAtTheEdge.some(({ what }) => what.includes("http://"))).toBe(false);
});

test("limits of the gateway that the plan has no rule for are reported as the gateway's", () => {
  const left = (plan: Plan) =>
    policyFor(site, plan)
      .report.notAtTheEdge.filter(({ what }) => what.startsWith("rate limit"))
      .map(({ what, enforcedBy }) => `${what.split(":")[0]} ${enforcedBy}`);
  expect(left("free")).toEqual(["rate limit write_rate gateway", "rate limit read_rate gateway"]);
  expect(left("pro")).toEqual(["rate limit read_rate gateway"]);
  expect(left("business")).toEqual([]);
});

test("ingress leads the hostnames to the gateway, and anything else to 404", () => {
  const { ingress } = policyFor(site, "free");
  expect(ingress.map(({ hostname, service }) => [hostname, service])).toEqual([
    ["chat.example.com", "http://127.0.0.1:3000"],
    ["www.example.com", "http://127.0.0.1:3000"],
    [undefined, "http_status:404"],
  ]);
});

test("zone settings are those that the configuration names, and none else", () => {
  expect(policyFor(site, "free").zoneSettings).toEqual([]);
  expect(policyFor({ ...site, zoneSettings: { ssl: "strict" } }, "free").zoneSettings).toEqual([
    { id: "ssl", value: "strict" },
  ]);
});

test("what the plan does not allow is found before the API is asked", () => {
  const { rulesets } = policyFor(site, "free");
  const custom = rulesets.find(({ phase }) => phase === "http_request_firewall_custom");
  const rule = custom?.rules.find(({ ref }) => ref === "scanner_paths");
  if (custom === undefined || rule === undefined) throw new Error("no rules");
  const changed = {
    ...custom,
    rules: [
      rule,
      { ...rule, ref: "Bad ref", action: "log" as const },
      { ...rule, action_parameters: { response: { status_code: 500 } } },
    ],
  };
  const problems = policyDiagnostics({ rulesets: [changed], lists: [] }, "free");
  expect(problems.map(({ code, phase, ref, pointer, file }) => [code, ref ?? phase, pointer, file])).toEqual([
    ["bad-format", "Bad ref", "/rules/1/ref", rule.source.file],
    ["action-plan", "Bad ref", "/rules/1/action", rule.source.file],
    ["parameter-plan", "scanner_paths", "/rules/2/action_parameters/response", rule.source.file],
    ["out-of-range", "scanner_paths", "/rules/2/action_parameters/response/status_code", rule.source.file],
    ["missing-key", "scanner_paths", "/rules/2/action_parameters/response/content", rule.source.file],
    ["missing-key", "scanner_paths", "/rules/2/action_parameters/response/content_type", rule.source.file],
    ["duplicate-ref", "scanner_paths", "/rules/2/ref", rule.source.file],
  ]);
});

test("rules of an adopted ruleset count for the plan's limit", () => {
  const policy = policyFor(site, "free");
  for (const standing of [{ http_request_firewall_custom: 3 }, { http_request_dynamic_redirect: 10 }]) {
    expect(policyDiagnostics(policy, "free", standing).map(({ code }) => code)).toEqual(["rule-count"]);
  }
});
