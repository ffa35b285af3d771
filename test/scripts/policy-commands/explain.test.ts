import { expect, test } from "@jest/globals";
import { createEngine, type Phase, type Rule } from "../../../infra/rules/index.ts";
import { explainRules, ruleLines } from "../../../scripts/policy-commands/explain.ts";

type NamedRule = Rule & { readonly ref: string };

const FIREWALL = "http_request_firewall_custom";
const request = {
  method: "GET",
  host: "a.example",
  uri: "/x",
  version: "HTTP/2",
  scheme: "https",
  headers: [],
  ip: "203.0.113.9",
  at: 0,
} as const;

const limit: NamedRule = {
  ref: "limit",
  expression: "ssl",
  action: "block",
  ratelimit: { characteristics: ["cf.colo.id", "ip.src"], period: 10, mitigation_timeout: 10, requests_per_period: 9 },
};

function explain(phases: Partial<Record<Phase, readonly NamedRule[]>>): readonly string[] {
  const rulesets = Object.entries(phases).map(([phase, rules]) => ({ phase: phase as Phase, rules }));
  const zone = rulesets.map((one) => ({ ...one, id: one.phase, name: one.phase, kind: "zone" as const }));
  const verdict = createEngine({ plan: "enterprise", zone }).handle(request);
  return ruleLines([...explainRules(rulesets, verdict, request)]);
}

const skip = (action_parameters: Readonly<Record<string, unknown>>, expression = "ssl") => ({
  ref: "trusted",
  expression,
  action: "skip" as const,
  action_parameters,
});

test("a rule that a skip left out says by which rule, and whether it would have matched", () => {
  const rules = [
    { ref: "early", expression: "not ssl", action: "block" },
    skip({ phase: "current", phases: ["http_ratelimit"] }),
    { ref: "same", expression: 'http.host eq "a.example"', action: "block" },
    { ref: "other", expression: 'http.host eq "b.example"', action: "block" },
  ] as const;
  expect(explain({ [FIREWALL]: rules, http_ratelimit: [limit] })).toEqual([
    "  http_request_firewall_custom",
    "    false  early (block): ssl is true",
    "    true   trusted (skip): ssl is true",
    '    -      same (block): skipped by trusted; it would have matched: http.host eq "a.example" is true, because http.host is "a.example"',
    "    -      other (block): skipped by trusted",
    "  http_ratelimit",
    "    -      limit (block): skipped by trusted; it would have matched: ssl is true",
  ]);
});

test("a skip that does not match, or names products only, leaves nothing out", () => {
  const later: NamedRule = { ref: "later", expression: "ssl", action: "log" };
  for (const first of [skip({ ruleset: "current" }, "not ssl"), skip({ products: ["waf"] })]) {
    const lines = explain({ [FIREWALL]: [first, later], http_ratelimit: [limit] });
    expect(lines).toContain("    true   later (log): ssl is true");
    expect(lines).toContain("    true   limit (block): ssl is true; counted, and within its limit");
  }
  expect(explain({ [FIREWALL]: [skip({ ruleset: "current" }), later], http_ratelimit: [limit] })).toEqual([
    "  http_request_firewall_custom",
    "    true   trusted (skip): ssl is true",
    "    -      later (log): skipped by trusted; it would have matched: ssl is true",
    "  http_ratelimit",
    "    true   limit (block): ssl is true; counted, and within its limit",
  ]);
});

test("a rule that is not enabled says so", () => {
  const rule = { ref: "off", expression: "ssl", action: "block", enabled: false } as const;
  expect(explain({ [FIREWALL]: [rule] })).toEqual([
    "  http_request_firewall_custom",
    "    -      off (block): not enabled",
  ]);
});

test("R8: a rule whose expression Cloudflare refuses says why, and does not stop the explanation", () => {
  const wrong: NamedRule = { ref: "wrong", expression: 'http.hosd eq "a"', action: "block" };
  const later: NamedRule = { ref: "later", expression: "not ssl", action: "block" };
  expect(explain({ [FIREWALL]: [wrong, later] })).toEqual([
    "  http_request_firewall_custom",
    expect.stringMatching(/^ {4}\? {6}wrong \(block\): Cloudflare refuses its expression: .*http\.hosd/),
    "    false  later (block): ssl is true",
  ]);
});

test("I11-9: where the guard by hostname holds, the author's condition is the reason", () => {
  const when = 'http.request.uri.path eq "/x"';
  const guarded = { ref: "a", expression: `http.host eq "a.example" and ${when}`, action: "block" as const };
  const [, line] = explain({ [FIREWALL]: [{ ...guarded, source: { when } } as NamedRule] });
  expect(line).toContain(`a (block): ${when} is true, because http.request.uri.path is "/x"`);
  expect(explain({ [FIREWALL]: [guarded] })[1]).toContain("http.host");
});
