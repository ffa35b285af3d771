import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  MAX_RULESET_DIAGNOSTICS,
  PHASE_SPECS,
  type Phase,
  PLANS,
  validateRuleset,
  validateRulesets,
} from "../../../../infra/rules/index.ts";
import { block, diagnostics, FIREWALL, FREE, found, LIMITS, limit, ZONE } from "./ruleset.ts";

test("a ruleset that Cloudflare accepts has no diagnostics", () => {
  expect(validateRuleset({ phase: FIREWALL, name: "rules", description: "", rules: [] }, FREE)).toEqual([]);
  expect(found(FIREWALL, block(), FREE)).toEqual([]);
  expect(found(LIMITS, limit(), FREE)).toEqual([]);
});

test("a diagnostic names the rule, the value, the place in it, the page, and what the API responds", () => {
  const [one] = diagnostics(FIREWALL, block({ expression: 'http.host eq "a" and xyz' }));
  expect(one).toMatchObject({
    code: "unknown-field",
    severity: "error",
    index: 0,
    ref: "r",
    pointer: "/rules/0/expression",
    text: 'http.host eq "a" and xyz',
    span: { start: 21, end: 24 },
    page: expect.stringContaining("https://developers.cloudflare.com/"),
    api: { code: 20127, message: expect.stringContaining("Filter parsing error (1:22)") },
  });
  const [two] = diagnostics(LIMITS, limit({ period: 60 }), FREE);
  expect(two).toMatchObject({
    code: "rate-limit-period",
    pointer: "/rules/0/ratelimit/period",
    text: "60",
    span: { start: 0, end: 2 },
    hint: "take one of 10",
    api: { code: 50002, message: "not entitled to use the period 60, can only use a period among [10]" },
  });
});

test("kind, phase, name and description of the ruleset", () => {
  const ruleset = (parts: object) =>
    validateRuleset({ phase: FIREWALL, rules: [], ...parts }, ZONE).map(({ code, pointer }) => [code, pointer]);
  expect(ruleset({ kind: "root" })).toEqual([["ruleset-kind", "/kind"]]);
  expect(ruleset({ kind: "zone", phase: "http_request_nothing" })).toEqual([["unknown-phase", "/phase"]]);
  expect(ruleset({ phase: "http_request_redirect" })).toEqual([["phase-level", "/phase"]]);
  expect(ruleset({ name: "" })).toEqual([["empty-value", "/name"]]);
  expect(ruleset({ description: "é".repeat(501) })).toEqual([["too-long", "/description"]]);
  expect(ruleset({ description: "😀".repeat(500) })).toEqual([]);
  expect(ruleset({ rules: {} })).toEqual([["wrong-type", "/rules"]]);
  const account = validateRuleset({ phase: FIREWALL, rules: [] }, { level: "account", plan: "business" });
  expect(account.map(({ code }) => code)).toEqual(["phase-plan"]);
});

test("the number of rules of a phase is limited by the plan; those of other rulesets count as well", () => {
  const rules = Array.from({ length: 5 }, (_, index) => block({ ref: `r${index}` }));
  const count = (context: object) =>
    validateRuleset({ phase: FIREWALL, rules }, { ...FREE, ...context }).map(({ code, pointer }) => [code, pointer]);
  expect(count({})).toEqual([]);
  expect(count({ rulesElsewhere: 1 })).toEqual([["rule-count", "/rules"]]);
  expect(count({ others: [{ kind: "custom", phase: FIREWALL, rules: 1 }] })).toEqual([["rule-count", "/rules"]]);
  expect(count({ others: [{ kind: "custom", phase: LIMITS, rules: 1 }] })).toEqual([]);
  const errors = validateRuleset({ phase: "http_custom_errors", rules: [{}] }, FREE);
  expect(errors.at(-1)).toMatchObject({ code: "phase-plan", pointer: "/phase" });
});

test("R8: two entry points for one phase are refused, and so are more custom rulesets than the plan has", () => {
  const entry = { phase: FIREWALL, rules: [] };
  expect(validateRulesets([entry, { ...entry, phase: LIMITS }, entry], ZONE).map(([one]) => one?.code)).toEqual([
    undefined,
    undefined,
    "entry-point-taken",
  ]);
  const custom = { ...entry, kind: "custom" };
  expect(validateRulesets([entry, custom, custom], FREE).map(([one]) => one?.code)).toEqual([
    undefined,
    undefined,
    "ruleset-count",
  ]);
});

test("R8: lists and responses in rate limits, and rate limits of accounts", () => {
  const account = { level: "account", plan: "enterprise" } as const;
  const listed = { expression: "ip.src in $office" };
  const counting = (counting_expression: string) => limit({ counting_expression });
  const at = (key: string) => `/rules/0/ratelimit/${key}`;
  expect(found(LIMITS, limit({ requests_to_origin: true }, listed))).toEqual([
    ["rate-limit-lists", at("requests_to_origin")],
  ]);
  expect(found(LIMITS, limit({ requests_to_origin: false }, listed))).toEqual([]);
  expect(found(LIMITS, counting("ip.src in $office and http.response.code eq 401"))).toEqual([
    ["rate-limit-lists", at("counting_expression")],
  ]);
  expect(found(LIMITS, counting("http.response.code eq 401"))).toEqual([]);
  expect(found(LIMITS, counting("http.response.code eq 401"), account)).toEqual([
    ["rate-limit-level", at("counting_expression")],
  ]);
  expect(found(LIMITS, limit({}, listed), account)).toEqual([["rate-limit-level", "/rules/0/expression"]]);
  expect(found(LIMITS, limit({ counting_expression: "ip.src in $office" }), account)).toEqual([
    ["rate-limit-level", at("counting_expression")],
  ]);
});

test("R9: every phase has its actions and their parameters", () => {
  const parameters: Readonly<Record<string, readonly [Phase, object]>> = {
    compress_response: ["http_response_compression", { algorithms: [{ name: "gzip" }, { name: "auto" }] }],
    log_custom_field: ["http_log_custom_fields", { request_fields: [{ name: "user-agent" }] }],
    set_cache_tags: ["http_response_cache_settings", { operation: "set", values: ["a"] }],
    set_cache_control: ["http_response_cache_settings", { "s-maxage": { operation: "set", value: 60 } }],
    set_cache_settings: ["http_response_cache_settings", { strip_etags: true }],
    execute: ["http_request_sanitize", { id: "70339d97bdb34195bbf054b1ebe81f76" }],
  };
  for (const [action, [phase, action_parameters]] of Object.entries(parameters)) {
    expect(found(phase, { action, expression: 'http.host eq "a"', action_parameters })).toEqual([]);
    expect(found(phase, block())).toEqual([["action-phase", "/rules/0/action"]]);
  }
  for (const phase of ["ddos_l7", "http_request_sbfm", "http_response_firewall_managed"] as const)
    expect(found(phase, { action: "execute", expression: "true", action_parameters: { id: "0".repeat(32) } })).toEqual(
      [],
    );
  const bulk = {
    action: "redirect",
    expression: "http.request.full_uri in $moved",
    action_parameters: { from_list: { name: "moved", key: "http.request.full_uri" } },
  };
  expect(found("http_request_redirect", bulk, { level: "account", plan: "free", lists: {} })).toEqual([]);
  const single = { ...bulk, action_parameters: { from_value: { target_url: { value: "https://a.example/" } } } };
  expect(found("http_request_redirect", single, { level: "account", plan: "free" }).map(([code]) => code)).toEqual([
    "unknown-key",
    "missing-key",
  ]);
});

test("F9: a kind or a phase that is no text is refused, whatever else it is", () => {
  const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  const odd: unknown = JSON.parse('{"toString":1}');
  for (const value of [deep, odd, 5, null]) {
    const [kinds, phases] = validateRulesets(
      [
        { kind: value, phase: FIREWALL, rules: [] },
        { phase: value, rules: [] },
      ],
      ZONE,
    );
    expect(kinds).toMatchObject([{ code: "ruleset-kind" }]);
    expect(phases).toMatchObject([{ code: "unknown-phase" }]);
  }
});

test("F16: rules after the last diagnostic that is returned are not looked at", () => {
  let looks = 0;
  const last = {
    get ref() {
      looks += 1;
      return "last";
    },
  };
  const many = Array.from({ length: 999 }, () => ({ a: 1, b: 2 }));
  expect(validateRuleset({ phase: FIREWALL, rules: [...many, last] }, ZONE)).toHaveLength(MAX_RULESET_DIAGNOSTICS);
  expect(looks).toBe(0);
});

test("no JSON stops it, whatever it is and however deep", () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) deep = { response: [deep], action_parameters: deep };
  for (const rule of [deep, { action_parameters: deep, action: deep, ref: deep, expression: deep }, [deep]])
    expect(found(FIREWALL, rule).length).toBeGreaterThan(0);
  const many = Array.from({ length: 1000 }, () => ({ a: 1, b: 2 }));
  expect(validateRuleset({ phase: FIREWALL, rules: many }, ZONE)).toHaveLength(MAX_RULESET_DIAGNOSTICS);
  expect(validateRuleset({ phase: FIREWALL, rules: [...many, {}] }, ZONE)).toMatchObject([{ code: "rule-count" }]);
  const json = fc.jsonValue({ maxDepth: 4 });
  const rule = fc.dictionary(
    fc.constantFrom("action", "expression", "action_parameters", "ratelimit", "logging", "ref", "enabled", "__proto__"),
    fc.oneof(json, fc.constantFrom("block", "skip", "redirect", "rewrite", "execute", "ssl")),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(PHASE_SPECS) as Phase[])),
      fc.array(fc.oneof(rule, json), { maxLength: 3 }),
      fc.constantFrom(...PLANS),
      (phase, rules, plan) => {
        for (const { span, text, hint } of validateRuleset({ phase, rules }, { level: "zone", plan })) {
          expect(span.end).toBeLessThanOrEqual(text.length + 1);
          expect(hint).not.toBe("");
        }
      },
    ),
    { numRuns: 300 },
  );
});
