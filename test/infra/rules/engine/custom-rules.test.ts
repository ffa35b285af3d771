import { describe, expect, test } from "@jest/globals";
import type { Rule } from "../../../../infra/rules/index.ts";
import { custom, engine, idOf, limit, path, request, ruleset, second } from "./deployment.ts";

const FIREWALL = "http_request_firewall_custom";
const block: Rule = { ref: "block", expression: path("/x"), action: "block", description: "No x." };
const matched = (verdict: { events: readonly { ref: string }[] }) => verdict.events.map(({ ref }) => ref);

describe("terminating actions", () => {
  test("a request that no rule matches passes", () => {
    const verdict = custom(block).handle(request("/y"));
    expect(verdict).toEqual({ outcome: "pass", events: [], settings: {}, undetermined: [], rulesInDoubt: [] });
  });

  test("block answers 403 and names the rule, the phase, the action and why", () => {
    const verdict = custom(block).handle(request("/x"));
    expect(verdict.outcome).toBe("block");
    expect(verdict.response).toEqual({ status: 403 });
    expect(verdict.by).toMatchObject({
      ref: "block",
      phase: FIREWALL,
      action: "block",
      description: "No x.",
      logged: true,
    });
    expect(verdict.by?.why).toContain('http.request.uri.path eq "/x"');
  });

  test("the why is the part of an `or` that decided", () => {
    const either = custom({ ...block, expression: `${path("/a")} or ${path("/b")} or http.host eq "c"` });
    expect(either.handle(request("/b")).by?.why).toBe(`${path("/b")} is true, because http.request.uri.path is "/b"`);
  });

  test("the why is the part beside the guard by hostname, and the whole where there is no guard", () => {
    const guarded = custom({ ...block, expression: `(lower(http.host) in {"chat.example.com"} and ${path("/x")})` });
    expect(guarded.handle(request("/x")).by?.why).toBe(`${path("/x")} is true, because http.request.uri.path is "/x"`);
    const other = custom({ ...block, expression: `ssl and ${path("/x")}` });
    expect(other.handle(request("/x")).by?.why).toContain(`ssl is true, and ${path("/x")} is true`);
  });

  test("the first terminating rule ends the phase and all later phases", () => {
    const later = ruleset("http_ratelimit", [limit({}, { ref: "count", expression: path("/x") })]);
    const zone = [later, ruleset(FIREWALL, [block, { ...block, ref: "second" }])];
    expect(matched(engine({ zone }).handle(request("/x")))).toEqual(["block"]);
  });

  test("a rule that is off is not evaluated, nor compiled", () => {
    const verdict = custom({ ...block, enabled: false }, { ...block, enabled: false, expression: "no such thing" });
    expect(verdict.handle(request("/x")).events).toEqual([]);
  });

  test("a custom response is what the rule says", () => {
    const response = { status_code: 418, content_type: "application/json", content: '{"error":"tea"}' };
    const verdict = custom({ ...block, action_parameters: { response } }).handle(request("/x"));
    expect(verdict.response).toEqual({ status: 418, content: { type: "application/json", body: '{"error":"tea"}' } });
  });

  test.each(["challenge", "js_challenge", "managed_challenge"] as const)("%s stops who has no clearance", (action) => {
    const checked = custom({ ...block, ref: "check", action }, { ...block, expression: path("/x") });
    const stopped = checked.handle(request("/x"));
    expect(stopped).toMatchObject({ outcome: "challenge", by: { ref: "check" }, response: { status: 403 } });
    const cleared = checked.handle(request("/x", { clearance: true }));
    expect(cleared).toMatchObject({ outcome: "block", by: { ref: "block" } });
    expect(matched(cleared)).toEqual(["check", "block"]);
  });

  test("log goes on to the next rule", () => {
    const verdict = custom({ ...block, ref: "log", action: "log" }, block).handle(request("/x"));
    expect(matched(verdict)).toEqual(["log", "block"]);
  });
});

describe("skip", () => {
  const skip = (action_parameters: Rule["action_parameters"], parts: Partial<Rule> = {}): Rule => ({
    ref: "skip",
    expression: path("/x"),
    action: "skip",
    ...(action_parameters ? { action_parameters } : {}),
    ...parts,
  });
  const limitedX = ruleset("http_ratelimit", [limit({}, { expression: path("/x") })]);
  const both = (rule: Rule) => engine({ zone: [ruleset(FIREWALL, [rule, block]), limitedX] });

  test("ruleset: current skips the remaining rules of the ruleset, not the later phases", () => {
    expect(matched(second(both(skip({ ruleset: "current" })), request("/x")))).toEqual(["skip", "limit"]);
  });

  test("phases skips these phases, but not the remaining custom rules", () => {
    const verdict = both(skip({ phases: ["http_ratelimit"] })).handle(request("/x"));
    expect(matched(verdict)).toEqual(["skip", "block"]);
    const quiet = engine({ zone: [ruleset(FIREWALL, [skip({ phases: ["http_ratelimit"] })]), limitedX] });
    expect(quiet.handle(request("/x")).outcome).toBe("pass");
  });

  test("ruleset and phases can stand together", () => {
    const verdict = both(skip({ ruleset: "current", phases: ["http_ratelimit"] })).handle(request("/x"));
    expect(verdict).toMatchObject({ outcome: "pass", events: [{ ref: "skip", logged: true }] });
  });

  test("products, managed rulesets and their rules are not imitated: skipping them skips nothing", () => {
    for (const parameters of [
      { products: ["bic", "uaBlock"] },
      { rulesets: ["current"] },
      { rules: { [idOf("managed")]: [idOf("rule")] } },
    ]) {
      expect(matched(both(skip(parameters)).handle(request("/x")))).toEqual(["skip", "block"]);
    }
  });

  test("logging off keeps the event from Cloudflare's log", () => {
    const verdict = both(skip({ ruleset: "current" }, { logging: { enabled: false } })).handle(request("/y"));
    expect(verdict.events).toEqual([]);
    const quiet = both(skip({ ruleset: "current" }, { logging: { enabled: false } })).handle(request("/x"));
    expect(quiet.events[0]).toMatchObject({ ref: "skip", logged: false });
  });

  test("phase: current also skips rulesets that the phase would execute later", () => {
    const inner = (first: Rule) =>
      ruleset(FIREWALL, [first, { ...block, ref: "inner" }], { kind: "custom", name: "inner" });
    const zone = (parameters: Rule["action_parameters"]) => [
      inner(skip(parameters)),
      ruleset(FIREWALL, [execute(idOf("inner")), { ...block, ref: "outer" }]),
    ];
    const phase = engine({ zone: zone({ phase: "current" }) }).handle(request("/x"));
    expect(matched(phase)).toEqual(["execute", "skip"]);
    const current = engine({ zone: zone({ ruleset: "current" }) }).handle(request("/x"));
    expect(matched(current)).toEqual(["execute", "skip", "outer"]);
  });

  test("an account-level skip of phases skips both levels; a zone-level one only the zone's", () => {
    const account = (rules: readonly Rule[]) => [
      ruleset(FIREWALL, rules, { kind: "root", name: "account custom" }),
      ruleset("http_ratelimit", [execute(idOf("account limits"))], { kind: "root", name: "account entry" }),
      ruleset("http_ratelimit", [limit({}, { ref: "account_limit", expression: path("/x") })], {
        kind: "custom",
        name: "account limits",
      }),
    ];
    const skipping = skip({ phases: ["http_ratelimit"] });
    const above = engine({ account: account([skipping]), zone: [limitedX] }).handle(request("/x"));
    expect(matched(above)).toEqual(["skip"]);
    const below = engine({ account: account([]), zone: [ruleset(FIREWALL, [skipping]), limitedX] });
    expect(matched(second(below, request("/x")))).toEqual(["skip", "execute", "account_limit"]);
  });
});

function execute(id: string): Rule {
  return { ref: "execute", expression: "true", action: "execute", action_parameters: { id } };
}

describe("order", () => {
  test("in each phase the account's rulesets run before the zone's", () => {
    const log = (ref: string): Rule => ({ ref, expression: "true", action: "log" });
    const count = (ref: string, parts = {}): Rule => limit(parts, { ref, expression: "true", action: "log" });
    const levels = engine({
      zone: [
        ruleset("http_request_cache_settings", [
          { ...log("cache"), action: "set_cache_settings", action_parameters: { cache: false } },
        ]),
        ruleset("http_ratelimit", [count("zone_limit")]),
        ruleset(FIREWALL, [log("zone")]),
      ],
      account: [
        ruleset("http_ratelimit", [count("account_limit")], { kind: "root", name: "a" }),
        ruleset(FIREWALL, [log("account")], { kind: "root", name: "b" }),
      ],
    });
    const limits = ["account_limit", "zone_limit"];
    expect(matched(second(levels, request()))).toEqual(["account", "zone", ...limits, "cache"]);
  });

  test("what an executed ruleset decides is decided; executing is no event of its own", () => {
    const zone = [
      ruleset(FIREWALL, [execute(idOf("inner")), { ...block, ref: "outer" }]),
      ruleset(FIREWALL, [block], { kind: "custom", name: "inner" }),
    ];
    const verdict = engine({ zone }).handle(request("/x"));
    expect(verdict.by).toMatchObject({ ref: "block", ruleset: "inner" });
    expect(verdict.events[0]).toMatchObject({ ref: "execute", logged: false });
  });

  test("cache rules all apply, the later over the earlier, and do not end anything", () => {
    const rule = (ref: string, on: string, action_parameters: Rule["action_parameters"] = {}): Rule => ({
      ref,
      expression: on,
      action: "set_cache_settings",
      action_parameters,
    });
    const rules = [
      rule("all", "true", { cache: true, origin_cache_control: true }),
      rule("x", path("/x"), { cache: false }),
    ];
    const zone = [ruleset("http_request_cache_settings", rules)];
    expect(engine({ zone }).handle(request("/x")).settings).toEqual({ cache: false, origin_cache_control: true });
    expect(engine({ zone }).handle(request("/y")).settings).toEqual({ cache: true, origin_cache_control: true });
  });
});
