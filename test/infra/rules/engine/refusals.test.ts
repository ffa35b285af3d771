import { describe, expect, test } from "@jest/globals";
import { EngineError, type Phase, RateCounters, type Rule, type Ruleset } from "../../../../infra/rules/index.ts";
import { engine, limit, limited, outcomesAt, path, ruleset } from "./deployment.ts";

const rule: Rule = { ref: "r", expression: path("/x"), action: "block" };
const FIREWALL = "http_request_firewall_custom";

function refusal(
  phase: Phase,
  changed: Partial<Rule>,
  more: readonly Ruleset[] = [],
  level: "zone" | "account" = "zone",
) {
  const kind = level === "zone" ? "zone" : "root";
  const rulesets = [ruleset(phase, [{ ...rule, ...changed }], { kind }), ...more];
  try {
    engine(level === "zone" ? { zone: rulesets } : { account: rulesets });
  } catch (error) {
    if (error instanceof EngineError)
      return { code: error.code, rule: error.rule, ruleset: error.ruleset, text: error.message };
    throw error;
  }
  return undefined;
}

describe("a deployment that cannot be run whole is refused", () => {
  test("an expression that does not compile, with its place", () => {
    const refused = refusal(FIREWALL, { expression: 'http.request.uri.pth eq "/x"' });
    expect(refused).toMatchObject({ code: "expression", rule: "r", ruleset: FIREWALL });
    expect(refused?.text).toContain("http.request.uri.pth");
    expect(refused?.text).toContain("^");
  });

  test.each<Phase>([
    "http_request_firewall_managed",
    "http_request_transform",
    "http_request_late_transform",
    "http_request_origin",
    "http_config_settings",
    "http_response_headers_transform",
    "http_custom_errors",
  ])("a rule of %s, which is not imitated", (phase) => {
    expect(refusal(phase, { action: "rewrite" })).toMatchObject({ code: "no-semantics", ruleset: phase });
    expect(refusal(phase, { action: "rewrite", enabled: false })).toBeUndefined();
  });

  test("an action without meaning in its phase", () => {
    expect(refusal(FIREWALL, { action: "route" })?.code).toBe("no-semantics");
    expect(refusal("http_ratelimit", { action: "skip", ratelimit: limit().ratelimit! })?.code).toBe("no-semantics");
    expect(refusal("http_request_cache_settings", { action: "block" })?.code).toBe("no-semantics");
  });

  test.each([
    [{ phases: ["http_request_firewall_custom"] }, "phases"],
    [{ phases: "http_ratelimit" }, "must be a list"],
    [{ products: ["BIC"] }, "BIC"],
    [{ ruleset: "this" }, "current"],
    [{ rulesets: ["abc"] }, "rulesets"],
  ])("a skip of %j", (action_parameters, text) => {
    expect(refusal(FIREWALL, { action: "skip", action_parameters })?.text).toContain(text);
  });

  test("a skip of the phase at account level", () => {
    const skip = { action: "skip", action_parameters: { phase: "current" } } as const;
    expect(refusal(FIREWALL, skip, [], "account")?.code).toBe("invalid-rule");
    expect(refusal(FIREWALL, skip)).toBeUndefined();
  });

  test.each([
    { status_code: 200, content_type: "text/plain", content: "" },
    { status_code: 500, content_type: "text/plain", content: "" },
    { status_code: 403, content_type: "text/css", content: "" },
    { status_code: 403, content_type: "text/plain", content: "x".repeat(30 * 1024 + 1) },
  ])("a custom response that Cloudflare would refuse", (response) => {
    expect(refusal(FIREWALL, { action_parameters: { response } })?.code).toBe("invalid-rule");
  });

  test("executing what is not deployed, not custom, or from within a custom ruleset", () => {
    const execute = { action: "execute", action_parameters: { id: "id of inner" } } as const;
    const inner = (parts: Partial<Ruleset>, rules: readonly Rule[] = []) => [
      ruleset(FIREWALL, rules, { name: "inner", kind: "custom", ...parts }),
    ];
    expect(refusal(FIREWALL, execute)?.code).toBe("unknown-ruleset");
    expect(refusal(FIREWALL, execute, inner({ kind: "managed" }))?.code).toBe("no-semantics");
    expect(refusal(FIREWALL, execute, inner({ phase: "http_ratelimit" }))?.code).toBe("no-semantics");
    expect(refusal(FIREWALL, execute, inner({}, [{ ...rule, ...execute }]))?.code).toBe("invalid-rule");
    expect(refusal(FIREWALL, { action: "execute" })?.code).toBe("invalid-rule");
    expect(refusal(FIREWALL, execute, inner({}))).toBeUndefined();
  });

  test.each<[string, Partial<NonNullable<Rule["ratelimit"]>>]>([
    ["no data centre", { characteristics: ["ip.src"] }],
    ["both addresses and visitor ids", { characteristics: ["cf.colo.id", "ip.src", "cf.unique_visitor_id"] }],
    ["no such characteristic", { characteristics: ["cf.colo.id", "ip.sorce"] }],
    ["a period of nothing", { period: 0 }],
    ["a negative timeout", { mitigation_timeout: -1 }],
    ["requests and score", { requests_per_period: 1, score_per_period: 1, score_response_header_name: "x" }],
    ["a score without header", { score_per_period: 1 }],
    ["a counting expression that does not compile", { counting_expression: "nothing" }],
  ])("a rate limit with %s", (_what, changed) => {
    expect(() => limited(limit(changed))).toThrow(EngineError);
  });

  test("a rule of the rate limiting phase without a limit, and a rule without a name", () => {
    expect(refusal("http_ratelimit", {})?.text).toContain("ratelimit");
    expect(() => engine({ zone: [ruleset(FIREWALL, [{ expression: "true", action: "block" }])] })).toThrow(
      "ref or an id",
    );
  });

  test("a refused deployment leaves the counters of the running one alone", () => {
    const counters = new RateCounters();
    const zone = (...rules: readonly Rule[]) => ({ zone: [ruleset("http_ratelimit", rules)] });
    outcomesAt(engine(zone(limit()), { counters }), [0]);
    expect(() => engine(zone(limit({ characteristics: [] })), { counters })).toThrow(EngineError);
    expect(outcomesAt(engine(zone(limit()), { counters }), [1])).toEqual(["block"]);
  });
});
