// A4, A11: data that is no rule is a diagnostic with file and place, also where a cast has silenced TypeScript.
import { describe, expect, test } from "@jest/globals";
import { FOLDERS, policyFor, SURFACE } from "../../../infra/policy/index.ts";
import type { PolicyRule, RuleFile } from "../../../infra/policy/rule.ts";
import type { Phase, Plan } from "../../../infra/rules/index.ts";
import { site } from "./site.ts";

const rule: PolicyRule = {
  ref: "old_script",
  description: "Block the script that nobody uses",
  when: 'http.request.uri.path eq "/old.js"',
  action: "block",
  examples: { match: ["GET /old.js"], pass: ["GET /"] },
};

/** The policy with these files instead of those of a phase. */
function policyWith(files: readonly unknown[], phase: Phase = "http_request_firewall_custom", plan: Plan = "free") {
  const folders = FOLDERS.map((folder) =>
    folder.phase === phase ? { ...folder, files: files as readonly RuleFile[] } : folder,
  );
  const { rulesets, diagnostics, report } = policyFor(site, plan, SURFACE, folders);
  const deployed = rulesets.find((ruleset) => ruleset.phase === phase)?.rules.map(({ ref }) => ref) ?? [];
  return { deployed, diagnostics, report };
}

const FILE = "infra/policy/custom-rules/old-script.ts";
const INDEX = "infra/policy/custom-rules/index.ts";

describe("A11: what is no rule is told with its file, and the other rules are there", () => {
  test.each([
    [
      { ...rule, enable: false },
      { code: "unknown-key", file: FILE, pointer: "/enable", hint: "did you mean enabled?" },
    ],
    [
      { ...rule, enabled: "no" },
      { code: "wrong-type", file: FILE, pointer: "/enabled", text: "no" },
    ],
    [
      { ...rule, when: undefined },
      { code: "missing-key", file: FILE, pointer: "/when" },
    ],
    [
      { ...rule, when: 7 },
      { code: "wrong-type", file: FILE, pointer: "/when", message: "expected a string, got a number" },
    ],
    [
      { ...rule, action_parameters: [] },
      { code: "wrong-type", file: FILE, pointer: "/action_parameters" },
    ],
    [
      { ...rule, logging: { enabled: 1 } },
      { code: "wrong-type", file: FILE, pointer: "/logging/enabled" },
    ],
    [
      { ...rule, limit: { requests: 1, seconds: 10 } },
      { code: "unknown-key", file: FILE, pointer: "/limit" },
    ],
    [
      { ...rule, ref: undefined },
      { code: "missing-key", file: INDEX, pointer: "/1/ref" },
    ],
    [
      { ...rule, ref: 5 },
      { code: "wrong-type", file: INDEX, pointer: "/1/ref" },
    ],
    [
      Object.assign(Object.create({ action: "block" }), { ...rule, action: undefined }),
      { code: "wrong-type", file: FILE, message: expect.stringContaining("inherits members") },
    ],
    [
      {
        ...rule,
        get when() {
          throw new Error("no");
        },
      },
      { code: "wrong-type", file: FILE, pointer: "/when", message: "expected data, got a getter" },
    ],
    [
      { ...rule, examples: { match: new Array(1), pass: ["GET /"] } },
      { code: "wrong-type", file: FILE, pointer: "/examples/match/0" },
    ],
    [
      () => Promise.resolve(rule),
      { code: "wrong-type", file: INDEX, pointer: "/1", message: expect.stringContaining("promise") },
    ],
    [
      () => {
        throw Object.create(null);
      },
      { code: "rule-throws", message: "the function that makes the rule throws: an object" },
    ],
    [
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new Error("no");
          },
          getOwnPropertyDescriptor: () => {
            throw new Error("no");
          },
        },
      ),
      { code: "wrong-type", file: INDEX, pointer: "/1" },
    ],
    [undefined, { code: "wrong-type", file: INDEX, pointer: "/1", message: "expected an object, got nothing" }],
    ["ssl", { code: "wrong-type", file: INDEX, pointer: "/1" }],
    [[rule], { code: "wrong-type", file: INDEX, pointer: "/1" }],
  ])("%#", (value, expected) => {
    const { deployed, diagnostics } = policyWith([{ ...rule, ref: "other_rule" }, value]);
    expect(diagnostics).toMatchObject([{ ...expected, severity: "error", phase: "http_request_firewall_custom" }]);
    expect(deployed).toEqual(["other_rule"]);
  });

  test("a function that throws, or makes no rule, is told with the file that its name says", () => {
    const oldScript = () => {
      throw new Error("no such path");
    };
    const noRule = () => ({ ...rule, ref: undefined });
    expect(policyWith([oldScript, noRule]).diagnostics).toMatchObject([
      { code: "rule-throws", file: FILE, message: "the function that makes the rule throws: no such path" },
      { code: "missing-key", file: "infra/policy/custom-rules/no-rule.ts", pointer: "/ref" },
    ]);
    const unnamed = [
      () => {
        throw "text";
      },
    ];
    expect(policyWith([...unnamed]).diagnostics).toMatchObject([
      { code: "rule-throws", file: INDEX, message: "the function that makes the rule throws: text" },
    ]);
  });

  test("a function that makes nothing is none: the site or the plan has no such rule", () => {
    expect(policyWith([() => undefined])).toMatchObject({ deployed: [], diagnostics: [] });
  });
});

describe("rate limits as data", () => {
  const ratelimit = { characteristics: ["ip.src", "cf.colo.id"], period: 10, requests_per_period: 5 };
  const limitFile = "infra/policy/rate-limits/old-script.ts";
  test.each([
    [rule, { code: "missing-key", pointer: "/limit", message: expect.stringContaining("needs /limit") }],
    [
      { ...rule, limit: { requests: 1, seconds: 10 }, ratelimit },
      { code: "member-count", pointer: "/limit" },
    ],
    [
      { ...rule, limit: { requests: 0, seconds: 10 } },
      { code: "out-of-range", pointer: "/limit/requests" },
    ],
    [
      { ...rule, limit: { requests: 1.5, seconds: 10 } },
      { code: "wrong-type", pointer: "/limit/requests" },
    ],
    [
      { ...rule, limit: { requests: 1, seconds: 10, per: "ip" } },
      { code: "unknown-key", pointer: "/limit/per" },
    ],
    [
      { ...rule, limit: { requests: 1, seconds: 10, by: [] } },
      { code: "empty-value", pointer: "/limit/by" },
    ],
    [
      { ...rule, ratelimit, gatewayClass: "creds" },
      { code: "bad-choice", pointer: "/gatewayClass" },
    ],
  ])("%j", (value, expected) => {
    expect(policyWith([value], "http_ratelimit").diagnostics).toMatchObject([{ ...expected, file: limitFile }]);
  });

  test("in the words of the API it is deployed as it is", () => {
    expect(policyWith([{ ...rule, ratelimit }], "http_ratelimit")).toMatchObject({
      deployed: ["old_script"],
      diagnostics: [],
    });
  });

  test("A10: what the plan makes of a limit is a warning that shows both, and a line of the report", () => {
    const files = [{ ...rule, limit: { requests: 5, seconds: 60 } }];
    const free = policyWith(files, "http_ratelimit", "free");
    expect(free.diagnostics).toMatchObject([
      {
        code: "limit-differs",
        severity: "warning",
        file: limitFile,
        ref: "old_script",
        pointer: "/limit",
        message: expect.stringMatching(
          /^5 requests in 60 s becomes 1 request in 10 s on Free, which has no such period/,
        ),
        hint: expect.stringContaining("10 s"),
      },
    ]);
    expect(free.report.notAtTheEdge).toContainEqual({
      what: "rate limit old_script: 5 requests in 60 s",
      why: "the free plan has no such period: 1 request in 10 s is deployed",
      enforcedBy: "nothing",
    });
    const pro = policyWith(files, "http_ratelimit", "pro");
    expect(pro.diagnostics).toEqual([]);
    expect(pro.report.notAtTheEdge.filter(({ what }) => what.includes("old_script"))).toEqual([]);
  });
});

test("A5: the report says that a rule is off", () => {
  const { report } = policyWith([{ ...rule, enabled: false }]);
  expect(report.deployed.find(({ ref }) => ref === "old_script")?.description).toMatch(/ \(disabled\)$/);
  expect(report.notAtTheEdge.map(({ what }) => what)).toContain("paths and methods that the surface does not have");
});
