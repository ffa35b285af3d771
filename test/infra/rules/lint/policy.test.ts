import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  FIELDS,
  type Finding,
  githubReport,
  jsonReport,
  LINTS,
  type LintInput,
  lint,
  PLANS,
  proofDiagnostic,
  type Rule,
  renderProof,
  sarifReport,
  textReport,
} from "../../../../infra/rules/index.ts";
import { type Case, inputOf, TEN_A_MINUTE } from "./case.ts";

const input = (rules: readonly Partial<Rule>[], plan: LintInput["plan"] = "enterprise"): LintInput => ({
  plan,
  rulesets: [
    {
      phase: "http_request_firewall_custom",
      rules: rules.map((rule, i) => ({ ref: `rule_${i + 1}`, expression: "ssl", action: "block", ...rule })),
    },
  ],
});
const findings = lint(
  input([
    { expression: "http.hots eq 1" },
    { expression: 'http.request.method eq "get"', description: "x".repeat(501) },
    { expression: 'http.referer in {"a", "b", "c"}' },
  ]),
);

test("what the checker says comes with it, in the order of the rules; a lint's own word replaces the parser's", () => {
  expect(findings.map(({ rule, property, code, severity }) => [rule, property, code, severity])).toEqual([
    ["rule_1", "expression", "unknown-field", "error"],
    ["rule_2", "expression", "method-case", "warning"],
    ["rule_2", "description", "too-long", "error"],
    ["rule_3", "expression", "comma-in-set", "error"],
  ]);
});

test("the plan is asked for every expression", () => {
  const rules = [{ expression: 'http.host matches "a" or cf.bot_management.score lt 3' }];
  expect(new Set(lint(input(rules, "free")).map(({ code }) => code))).toEqual(
    new Set(["regex-literal", "regex-plan", "field-plan"]),
  );
  expect(lint(input(rules, "enterprise")).filter(({ severity }) => severity === "error")).toEqual([]);
});

test("as text: rule, place, line, caret, advice, sum", () => {
  expect(textReport(findings.slice(1, 2))).toBe(
    [
      "http_request_firewall_custom rule_2 expression",
      "  warning at 1:24: methods are in upper case, so that this never matches [method-case]",
      '    http.request.method eq "get"',
      "                           ^^^^^",
      "0 errors, 1 warning, 0 hints; 1 can be corrected automatically",
    ].join("\n"),
  );
});

test("as JSON: everything, with line and column", () => {
  expect(JSON.parse(jsonReport(findings)).findings[1]).toMatchObject({
    code: "method-case",
    rule: "rule_2",
    property: "expression",
    line: 1,
    column: 24,
    span: { start: 23, end: 28 },
    fix: [{ span: { start: 23, end: 28 }, text: '"GET"' }],
  });
});

test("as SARIF 2.1.0: every finding has its rule and its fingerprint", () => {
  const log = JSON.parse(sarifReport(findings, LINTS, "infra/policy/custom-rules.ts"));
  expect(log.version).toBe("2.1.0");
  const [{ tool, results }] = log.runs;
  expect(results).toHaveLength(findings.length);
  for (const result of results) {
    expect(tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(["error", "warning", "note"]).toContain(result.level);
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe("infra/policy/custom-rules.ts");
    expect(result.partialFingerprints.causeway).not.toBe("");
  }
});

test("as GitHub annotations: one line each, with what GitHub would misread escaped", () => {
  const lines = githubReport(
    lint(input([{ expression: 'http.host eq "100%"\nand http.host eq "a"' }])),
    "infra/policy/a,b:c.ts",
  ).split("\n");
  expect(
    lines.every((line) => /^::(?:error|warning|notice) file=infra\/policy\/a%2Cb%3Ac\.ts,title=[a-z-]+::/.test(line)),
  ).toBe(true);
  expect(lines.find((line) => line.includes("title=contradiction"))).toContain('http.host eq "100%25"');
});

test("no policy, however wrong, stops it, and no fix adds an error", () => {
  const words = fc.constantFrom(
    ...FIELDS.map(({ name }) => name),
    ...'and or not ( ) any( all( [*] ["X-A"] [0] eq ne lt in { } { , } "A" "/a?b" r"^a" 0443 80 10.0.0.1 ::ffff:1.2.3.4 contains matches wildcard lower( len( true $list # \t'.split(
      " ",
    ),
  );
  const expression = fc.array(words, { maxLength: 12 }).map((parts) => parts.join(" "));
  const rule = fc.record({
    ref: fc.constantFrom("a", "b", ""),
    expression,
    action: fc.constantFrom<Rule["action"][]>("block", "skip", "log", "rewrite"),
    action_parameters: fc.dictionary(
      fc.constantFrom("phases", "products", "ruleset", "response"),
      fc.jsonValue({ maxDepth: 1 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), fc.constantFrom(...PLANS), (rules, plan) => {
      const before = lint(input(rules, plan));
      for (const { span, text } of before) {
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.end).toBeLessThanOrEqual(text.length + 1);
      }
      expect(textReport(before)).not.toBe("");
    }),
    { numRuns: 300 },
  );
});

test("A9: reports name the place that a finding has", () => {
  const place = { file: "infra/policy/custom-rules/a.ts", line: 7, column: 9 };
  const [first] = findings.map((finding) => ({ ...finding, place }));
  if (first === undefined) throw new Error("there are findings");
  expect(textReport([first])).toMatch(/^infra\/policy\/custom-rules\/a\.ts:7 http_/);
  expect(githubReport([first], "x")).toContain(" file=infra/policy/custom-rules/a.ts,line=7,col=9,title=");
  const [{ results }] = JSON.parse(sarifReport([first], LINTS, "x")).runs;
  expect(results[0].locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: place.file },
    region: { startLine: 7, startColumn: 9 },
  });
});

const codesOf = (one: Case): readonly string[] => lint(inputOf(one)).map(({ code }) => code);

test("A9: a rate limit shadows no later rule, because it acts above its limit only", () => {
  const limited = { expression: "true", ratelimit: TEN_A_MINUTE };
  expect(codesOf({ rules: [limited, { ...limited, expression: "ssl" }], finds: [] })).not.toContain("rule-shadowed");
  expect(codesOf({ rules: [{ expression: "true" }, { expression: "ssl" }], finds: [] })).toContain("rule-shadowed");
});

test("A9: rules with one expression and other parameters are no duplicates", () => {
  const skip = (ruleset: object) => ({ expression: "ssl", action: "skip" as const, action_parameters: { ...ruleset } });
  const [some, other] = [skip({ products: ["bic"] }), skip({ products: ["hot"] })];
  expect(codesOf({ rules: [some, other], finds: [] })).not.toContain("duplicate-expression");
  expect(codesOf({ rules: [some, some], finds: [] })).toContain("duplicate-expression");
});

test("A7: a challenge on a path that the page calls is an error that says why; one that the page meets too is not", () => {
  const calledPaths = ["/api/rooms", "/socket.io/"];
  const rule = { action: "managed_challenge" as const };
  const of = (expression: string) =>
    lint(inputOf({ rule, expression, calledPaths, finds: [] })).filter(({ code }) => code === "challenge-on-call");
  const [found] = of('starts_with(http.request.uri.path, "/socket.io/") and ip.src.country eq "DE"');
  expect(found).toMatchObject({ severity: "error", rule: "rule_1", property: "expression" });
  expect(found?.message).toContain("managed_challenge on /socket.io/, which the page calls by fetch or over a socket");
  expect(found?.message).toContain("a script cannot solve it");
  expect(of('ip.src.country eq "DE"')).toEqual([]);
});

describe("I11-3: a long text is shown around the place", () => {
  const long = `${"a".repeat(3000)} X ${"b".repeat(3000)}`;
  const at = (start: number, end: number, text = long) => ({
    ...found("x"),
    text,
    span: { start, end },
  });
  const linesOf = (report: string) => report.split("\n");

  test("in the text report: about 100 characters and as many carets", () => {
    const report = textReport([at(3001, 3002)]);
    const [, , line = "", carets = ""] = linesOf(report);
    expect(line.trim()).toBe(`…${"a".repeat(39)} X ${"b".repeat(58)}…`);
    expect(carets.indexOf("^")).toBe(line.indexOf("X"));
    expect(report).toContain("at 1:3002");
    for (const [start, end] of [
      [0, long.length],
      [long.length, long.length],
      [long.length - 1, long.length],
    ] as const) {
      for (const one of linesOf(textReport([at(start, end)]))) expect(one.length).toBeLessThan(125);
    }
  });

  test("in the reports for programs", () => {
    const [finding] = JSON.parse(jsonReport([at(3001, 3002)])).findings;
    expect(finding).toMatchObject({ isShortened: true, span: { start: 3001, end: 3002 }, column: 3002 });
    expect(finding.text).toHaveLength(102);
    for (const report of [sarifReport([at(0, long.length)], [], "x"), githubReport([at(0, long.length)], "x")]) {
      expect(report.length).toBeLessThan(1500);
    }
  });

  test("and where there is no text there is no line for it", () => {
    expect(linesOf(textReport([at(0, 0, "")]))).toHaveLength(3);
  });

  test("in what a proof and a deployment print", () => {
    const diagnostic = proofDiagnostic({ file: "a.json" }, "story-unreadable", "", long, "it is not JSON");
    for (const one of linesOf(renderProof(diagnostic))) expect(one.length).toBeLessThan(125);
  });
});

function found(text: string): Finding {
  return {
    code: "method-case",
    severity: "warning",
    message: "the message",
    span: { start: 0, end: text.length },
    phase: "http_request_firewall_custom",
    rule: "a",
    property: "when",
    text,
  };
}
