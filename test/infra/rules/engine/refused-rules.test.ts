// Rules that are deployed and that Cloudflare refuses, or that are not imitated: the others are evaluated all the same.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  createEngine,
  type Engine,
  loadProblemLine,
  MAX_RULESET_DIAGNOSTICS,
  type Phase,
  type Plan,
  RateCounters,
  type Rule,
  type Ruleset,
} from "../../../../infra/rules/index.ts";
import { limit, loaded, outcomesAt, path, request, ruleset } from "./deployment.ts";

const rule: Rule = { ref: "r", expression: path("/x"), action: "block" };
const good: Rule = { ref: "good", expression: path("/good"), action: "block" };
const FIREWALL = "http_request_firewall_custom";
const REDIRECTS = "http_request_dynamic_redirect";
const INNER = "0123456789abcdef0123456789abcdef";

const customRules = (...rules: readonly Rule[]) => loaded({ zone: [ruleset(FIREWALL, rules)] });
const rateLimits = (...rules: readonly Rule[]) => loaded({ zone: [ruleset("http_ratelimit", rules)] });

const codes = ({ problems }: Engine) =>
  problems.map(({ rule: name, effect, diagnostics }) => [name, effect, diagnostics[0]?.code]);

/**
 * A rule beside one that blocks /good: its problem when it is loaded, and the outcome of requests to /x, /good and /.
 */
function beside(
  phase: Phase,
  changed: Partial<Rule>,
  more: readonly Ruleset[] = [],
  level: "zone" | "account" = "zone",
) {
  const kind = level === "zone" ? "zone" : "root";
  const others = phase === FIREWALL ? [good] : [];
  const rulesets = [ruleset(phase, [{ ...rule, ...changed }, ...others], { kind }), ...more];
  const made = loaded(level === "zone" ? { zone: rulesets } : { account: rulesets });
  return { codes: codes(made), outcomes: ["/x", "/good", "/"].map((at) => made.handle(request(at)).outcome), made };
}
const inDoubt = (code: string) => ({
  codes: [["r", "undetermined", code]],
  outcomes: ["undetermined", "block", "pass"],
});

describe("R8: a rule that Cloudflare refuses is loaded as undetermined", () => {
  test("where it matches, the verdict names it with its diagnostic, and later rules are evaluated", () => {
    const made = customRules(
      { ...rule, action_parameters: { response: { status_code: 200 } } },
      { ...rule, ref: "later" },
    );
    const verdict = made.handle(request("/x"));
    expect(verdict).toMatchObject({ outcome: "undetermined", by: { ref: "later" }, response: { status: 403 } });
    expect(verdict.rulesInDoubt).toEqual([made.problems[0]]);
    expect(verdict.undetermined).toEqual([]);
    const [problem] = made.problems;
    expect(problem).toMatchObject({ ruleset: FIREWALL, phase: FIREWALL, rule: "r", effect: "undetermined" });
    expect(problem?.diagnostics.map(({ pointer }) => pointer)).toContain(
      "/rules/0/action_parameters/response/status_code",
    );
    expect(problem && loadProblemLine(problem)).toMatch(
      /^rule "r" of ruleset "http_request_firewall_custom" \(http_request_firewall_custom\): must be between 400 and 499, got 200 \[out-of-range at \/rules\/0\/\S+\], and 2 more$/,
    );
    expect(made.handle(request("/"))).toMatchObject({ outcome: "pass", rulesInDoubt: [] });
  });

  test("one whose expression cannot be read could always apply", () => {
    for (const expression of ['http.request.uri.pth eq "/x"', "", `ssl or ${path("/x".repeat(3000))}`]) {
      const { outcomes, codes: found } = beside(FIREWALL, { expression });
      expect(found[0]?.slice(0, 2)).toEqual(["r", "undetermined"]);
      expect(outcomes).toEqual(["undetermined", "undetermined", "undetermined"]);
    }
    expect(beside(FIREWALL, { expression: undefined as never }).outcomes[2]).toBe("undetermined");
  });

  test("one that reads what the plan does not have is in doubt where it matches", () => {
    const zone = [ruleset(FIREWALL, [{ ref: "bot", expression: "cf.bot_management.score lt 30", action: "block" }])];
    const outcome = (plan: Plan, score?: number) => {
      const made = createEngine({ plan, zone });
      const given = score === undefined ? {} : { given: { "cf.bot_management.score": score } };
      const verdict = made.handle(request("/", given));
      return [verdict.outcome, verdict.rulesInDoubt.length, verdict.undetermined.length];
    };
    expect(outcome("enterprise", 2)).toEqual(["block", 0, 0]);
    expect(outcome("free", 2)).toEqual(["undetermined", 1, 0]);
    expect(outcome("free", 50)).toEqual(["pass", 0, 0]);
    expect(outcome("free")).toEqual(["undetermined", 1, 1]);
  });

  test.each<[Partial<Rule>, string]>([
    [{ action: "route" }, "action-phase"],
    [{ action: "skip" }, "missing-parameters"],
    [{ action: "skip", action_parameters: { phases: [FIREWALL] } }, "bad-choice"],
    [{ action: "skip", action_parameters: { phases: "http_ratelimit" } }, "wrong-type"],
    [{ action: "skip", action_parameters: { products: ["BIC"] } }, "bad-choice"],
    [{ action: "skip", action_parameters: { ruleset: "this" } }, "bad-choice"],
    [{ action_parameters: { response: { status_code: 403, content_type: "text/css", content: "" } } }, "bad-choice"],
    [
      { action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "x".repeat(31e3) } } },
      "too-long",
    ],
    [{ action: "execute" }, "missing-parameters"],
    [{ expression: `${path("/x")} and ip.src in $missing` }, "unknown-list"],
  ])("custom rule: %j", (changed, code) => {
    const zone = [ruleset(FIREWALL, [{ ...rule, ...changed }, good])];
    const made = loaded({ zone, lists: {} });
    const outcomes = ["/x", "/good", "/"].map((at) => made.handle(request(at)).outcome);
    expect({ codes: codes(made), outcomes }).toEqual(inDoubt(code));
  });

  test("a skip of the phase at account level", () => {
    const skip = { action: "skip", action_parameters: { phase: "current" } } as const;
    expect(beside(FIREWALL, skip, [], "account")).toMatchObject(inDoubt("skip-level"));
    expect(beside(FIREWALL, skip).codes).toEqual([]);
  });

  test.each([
    [undefined, "missing-parameters"],
    [{ from_value: { target_url: {} } }, "member-count"],
    [{ from_value: { target_url: { value: "https://a/", expression: "http.host" } } }, "member-count"],
    [{ from_value: { target_url: { value: "https://a/" }, status_code: 306 } }, "bad-choice"],
    [{ from_list: { name: "moved", key: "http.request.full_uri" } }, "not-imitated"],
    [{ from_value: { target_url: { expression: "http.hots" } } }, "unknown-field"],
    [{ from_value: { target_url: { expression: "ip.src" } } }, "type-mismatch"],
  ])("a redirect with %j", (action_parameters, code) => {
    const made = beside(REDIRECTS, { action: "redirect", ...(action_parameters && { action_parameters }) });
    expect(made.codes).toEqual([["r", "undetermined", code]]);
    expect(made.outcomes).toEqual(["undetermined", "pass", "pass"]);
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
  ])("a rate limit with %s counts nothing", (_what, changed) => {
    const made = rateLimits(limit(changed));
    expect(made.problems).toMatchObject([{ rule: "limit", effect: "undetermined" }]);
    expect(outcomesAt(made, [0, 1])).toEqual(["undetermined", "undetermined"]);
    expect(made.handle(request("/other")).outcome).toBe("pass");
  });

  test("a rule of the rate limiting phase without a limit", () => {
    expect(beside("http_ratelimit", {}).codes).toEqual([["r", "undetermined", "missing-key"]]);
  });

  test("all rules of a ruleset that cannot be: a second entry point, a phase of accounts, a phase that the plan lacks", () => {
    const second = beside(FIREWALL, {}, [ruleset(FIREWALL, [{ ...rule, ref: "second", expression: "true" }])]);
    expect(second.codes).toEqual([["second", "undetermined", "entry-point-taken"]]);
    expect(second.outcomes).toEqual(["block", "block", "undetermined"]);
    const account = [ruleset(FIREWALL, [rule], { kind: "root" })];
    const made = createEngine({ plan: "pro", zone: [], account });
    expect(codes(made)).toEqual([["r", "undetermined", "phase-plan"]]);
    expect(made.handle(request("/x")).outcome).toBe("undetermined");
  });

  test("one that a custom ruleset holds is in doubt only where that is executed", () => {
    const execute: Rule = { ...rule, action: "execute", action_parameters: { id: INNER } };
    const inner = ruleset(FIREWALL, [{ ref: "inner", expression: "true", action: "route" }], {
      id: INNER,
      kind: "custom",
    });
    const zone = [ruleset(FIREWALL, [execute, { ...execute, ref: "again" }]), inner];
    const made = loaded({ zone });
    expect(codes(made)).toEqual([["inner", "undetermined", "action-phase"]]);
    expect(made.handle(request("/x")).rulesInDoubt).toHaveLength(1);
    expect(made.handle(request("/")).outcome).toBe("pass");
  });
});

describe("what Cloudflare refuses without a meaning for requests is evaluated and listed", () => {
  test("a ref, a description and a number of rules", () => {
    const made = customRules({ ...rule, ref: "Bad-Ref", description: "x".repeat(501) });
    expect(codes(made)).toEqual([["Bad-Ref", "evaluated", "bad-format"]]);
    expect(made.handle(request("/x")).outcome).toBe("block");
    const many = Array.from({ length: 6 }, (_, i): Rule => ({ ...rule, ref: `r${i}`, expression: path(`/${i}`) }));
    const free = createEngine({ plan: "free", zone: [ruleset(FIREWALL, many)] });
    expect(codes(free)).toEqual([[undefined, "evaluated", "rule-count"]]);
    expect(free.problems.map(loadProblemLine)[0]).toMatch(/^ruleset "http_request_firewall_custom" \(.*\): 6 rules in/);
    expect(free.handle(request("/5")).outcome).toBe("block");
  });

  test("a rule without a name is called by its id or its place", () => {
    const made = customRules(
      { expression: path("/x"), action: "block" },
      { id: "abc", expression: path("/y"), action: "block" },
    );
    expect(made.handle(request("/x")).by?.ref).toBe("rule 1");
    expect(made.handle(request("/y")).by?.ref).toBe("abc");
  });
});

describe("what Cloudflare takes and this engine does not imitate", () => {
  test.each<Phase>([
    "http_request_firewall_managed",
    "http_request_transform",
    "http_request_late_transform",
    "http_request_origin",
    "http_config_settings",
    "http_response_headers_transform",
    "http_custom_errors",
    "http_response_compression",
  ])("rules of %s are listed once and ignored", (phase) => {
    const rules: readonly Rule[] = [rule, { ...rule, ref: "off", enabled: false }];
    const made = loaded({ zone: [ruleset(phase, rules), ruleset(FIREWALL, [good])] });
    expect(codes(made)).toEqual([[undefined, "ignored", "not-imitated"]]);
    expect(made.handle(request("/x")).outcome).toBe("pass");
    expect(made.handle(request("/good")).outcome).toBe("block");
    expect(loaded({ zone: [ruleset(phase, rules.slice(1))] }).problems).toEqual([]);
    const two = loaded({ zone: [ruleset(phase, [rule, { ...rule, ref: "s" }])] });
    expect(two.problems[0]?.diagnostics[0]?.message).toContain("its 2 rules are not evaluated");
  });

  test("executing what is not deployed, not custom, with overrides, or from within a custom ruleset", () => {
    const execute = { action: "execute", action_parameters: { id: INNER } } as const;
    const inner = (parts: Partial<Ruleset>, rules: readonly Rule[] = []) => [
      ruleset(FIREWALL, rules, { id: INNER, kind: "custom", ...parts }),
    ];
    const doubt = inDoubt("not-imitated");
    expect(beside(FIREWALL, execute)).toMatchObject(doubt);
    expect(beside(FIREWALL, execute, inner({ kind: "managed" }))).toMatchObject(doubt);
    expect(beside(FIREWALL, execute, inner({ phase: "http_ratelimit" }))).toMatchObject(doubt);
    const overrides = { action_parameters: { id: INNER, overrides: { enabled: true } } };
    expect(beside(FIREWALL, { ...execute, ...overrides }, inner({}))).toMatchObject(doubt);
    const nested = beside(FIREWALL, execute, inner({}, [{ ...rule, ...execute, ref: "nested" }]));
    expect(nested).toMatchObject({ ...doubt, codes: [["nested", "undetermined", "not-imitated"]] });
    expect(beside(FIREWALL, execute, inner({})).codes).toEqual([]);
  });
});

test("a ruleset with more problems than are listed has no rule that was not looked at", () => {
  const bad = Array.from(
    { length: MAX_RULESET_DIAGNOSTICS / 2 },
    (_, i): Rule => ({
      ref: `bad_${i}`,
      expression: path("/bad"),
      action: "skip",
      action_parameters: { phases: ["x"], products: ["y"] },
    }),
  );
  const made = customRules(...bad, { ...rule, ref: "last" });
  expect(codes(made).at(-1)).toEqual(["last", "undetermined", "not-imitated"]);
  expect(made.handle(request("/x")).outcome).toBe("undetermined");
});

test("whatever is deployed is loaded, and no request fails", () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom(null, "", "current", 1, -1, true, FIREWALL, "ip.src", INNER),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          "from_value",
          "target_url",
          "value",
          "expression",
          "phases",
          "ruleset",
          "id",
          "response",
          "__proto__",
        ),
        tie("value"),
        { maxKeys: 3 },
      ),
    ),
  })).value;
  const anyRule = fc.record(
    {
      ref: fc.oneof(json, fc.constant("r")),
      expression: fc.oneof(json, fc.constantFrom("true", path("/x"))),
      action: fc.oneof(json, fc.constantFrom("block", "skip", "redirect", "execute", "set_cache_settings", "log")),
      action_parameters: json,
      enabled: json,
      logging: json,
      description: json,
      ratelimit: fc.oneof(
        json,
        fc.record({ characteristics: json, period: json, counting_expression: json }, { requiredKeys: [] }),
      ),
    },
    { requiredKeys: [] },
  );
  const phase = fc.constantFrom<Phase>(FIREWALL, REDIRECTS, "http_ratelimit", "http_request_cache_settings", "ddos_l7");
  fc.assert(
    fc.property(fc.oneof(fc.array(fc.oneof(anyRule, json), { maxLength: 4 }), json), phase, (rules, at) => {
      const zone = [ruleset(at, rules as readonly Rule[]), ruleset(FIREWALL, [good], { id: INNER, kind: "custom" })];
      const made = loaded({ zone });
      const verdict = made.handle(request("/x"));
      expect(verdict.rulesInDoubt.every((one) => made.problems.includes(one))).toBe(true);
      for (const { diagnostics } of made.problems) expect(diagnostics).not.toEqual([]);
    }),
  );
});

test("rules that Cloudflare refuses leave the counters of the others alone", () => {
  const counters = new RateCounters();
  const zone = (...rules: readonly Rule[]) => ({ zone: [ruleset("http_ratelimit", rules)] });
  outcomesAt(loaded(zone(limit()), { counters }), [0]);
  const bad = limit({ characteristics: [] }, { ref: "bad", expression: path("/bad") });
  expect(outcomesAt(loaded(zone(bad, limit()), { counters }), [1])).toEqual(["block"]);
});
