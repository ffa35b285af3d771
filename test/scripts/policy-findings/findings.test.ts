// A9: findings name the rule's file and line, and show what its author wrote; `check --fix` corrects it there.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { FOLDERS, policyFor, SURFACE } from "../../../infra/policy/index.ts";
import type { PolicyRule, RuleFile } from "../../../infra/policy/rule.ts";
import { githubReport, LINTS, type Plan, sarifReport, textReport } from "../../../infra/rules/index.ts";
import { findingsOf } from "../../../scripts/policy-findings/findings.ts";
import { fixFindings } from "../../../scripts/policy-findings/fix.ts";
import { site } from "../../infra/policy/site.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-findings-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (file: string, text: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};

const FILE = "infra/policy/custom-rules/old-api.ts";
const examples: PolicyRule["examples"] = { match: ["GET /old"], pass: ["GET /"] };
const rule = (more: Partial<PolicyRule> & { readonly when: string }) =>
  ({ ref: "old_api", description: "Block the old API", action: "block", examples, ...more }) as PolicyRule;

/** Findings of a policy whose only custom rule, or rate limit, is this one. */
function findings(file: RuleFile, { plan = "free" as Plan, phase = "http_request_firewall_custom" } = {}) {
  const folders = FOLDERS.filter((folder) => folder.phase === phase).map((folder) => ({ ...folder, files: [file] }));
  return findingsOf({ policy: policyFor(site, plan, SURFACE, folders), site, plan, root });
}

const CONDITION = 'http.request.method eq "get" and starts_with(http.request.uri.path, "/old")';
const source = (when: string) => `import type { PolicyRule } from "../rule.ts";

/** The old API. { when: "not this" } */
export const oldApi: PolicyRule = {
  ref: "old_api",
  description: "Block the old API", // ref: "old_api"
  when: ${when},
  action: "block",
  examples: { match: ["GET /old"], pass: ["GET /"] },
};
`;

test("A9: a finding names the rule's file, the line and the column, and shows the condition without the guard", () => {
  write(FILE, source(`'${CONDITION}'`));
  const found = findings(rule({ when: CONDITION }));
  const [method] = found.filter(({ code }) => code === "method-case");
  expect(method).toMatchObject({ property: "when", text: CONDITION, place: { file: FILE, line: 7, column: 33 } });
  expect(textReport(found)).toContain(`${FILE}:7 http_request_firewall_custom old_api when`);
  expect(textReport(found)).not.toContain("chat.example.com");
  expect(githubReport(found, "x").split("\n")).toContainEqual(
    expect.stringMatching(new RegExp(`^::warning file=${FILE},line=7,col=33,title=method-case::`)),
  );
  const { results } = JSON.parse(sarifReport(found, LINTS, "x")).runs[0];
  const locations = [
    {
      physicalLocation: { artifactLocation: { uri: FILE }, region: { startLine: 7, startColumn: 33 } },
      logicalLocations: expect.any(Array),
    },
  ];
  expect(results).toContainEqual(expect.objectContaining({ ruleId: "method-case", locations }));
});

test("A9: a condition that is made by code is found at `when`, in a file of any form", () => {
  const made = `import { and } from "../expression.ts";
// { ref: "old_api", when: "a comment" }
const PATTERN = /["'\`{]/;
export const oldApi = ({ site }: RuleContext): PolicyRule => {
  const text = \`{ when: \${site.hostnames.map((name) => \`\${name}\`)} \`;
  return {
    examples: { match: ["GET /old"], pass: ["GET /"] },
    ...rest,
    ref: "old_api",
    description: \`Block \${text}\`,
    when: and(
      'http.request.method eq "get"',
      'starts_with(http.request.uri.path, "/old")',
    ),
    action: "block",
  };
};
`;
  write(FILE, made);
  const found = findings(() => rule({ when: `(${CONDITION})` }));
  const [method] = found.filter(({ code }) => code === "method-case");
  expect(method?.place).toEqual({ file: FILE, line: 11, column: 5 });
  expect(fixFindings(found, root).lines).toEqual([
    expect.stringMatching(/^infra\/.*old-api\.ts:11 old_api when is not changed: the file does not have it/),
  ]);
  expect(readFileSync(join(root, FILE), "utf8")).toBe(made);
});

test("A9: what Cloudflare refuses has the line of the wrong value, and is reported once", () => {
  write(
    FILE,
    `export const oldApi = {
  ref: "old_api",
  description: "d",
  when: 'http.request.uri.path eq "/old"',
  action: "block",
  action_parameters: {
    response: {
      content: "gone",
      status_code: 500,
    },
  },
  examples: { match: ["GET /old"], pass: ["GET /"] },
};
`,
  );
  const response = { status_code: 500, content: "gone", content_type: "text/plain" };
  const when = 'http.request.uri.path eq "/old"';
  const found = findings(rule({ when, action_parameters: { response } }), { plan: "pro" });
  const wrong = found.filter(({ property }) => property === "action_parameters.response.status_code");
  expect(wrong.map(({ place, severity }) => [severity, place.line])).toEqual([["error", 9]]);
  const unknown = findings(rule({ when: 'http.hosd eq "a"' }));
  expect(unknown.map(({ code, text }) => [code, text])).toEqual([["unknown-field", 'http.hosd eq "a"']]);
});

test("A9: a limit that the plan changes is found at what its author wrote", () => {
  const file = "infra/policy/rate-limits/slow-login.ts";
  write(
    file,
    `export const slowLogin = {\n  ref: "slow_login",\n  when: 'x',\n  limit: {\n    requests: 5,\n    seconds: 60,\n  },\n};\n`,
  );
  const when = 'http.request.uri.path eq "/api/auth/login"';
  const limited = rule({ ref: "slow_login", when, limit: { requests: 5, seconds: 60 } });
  const found = findings(limited, { phase: "http_ratelimit" });
  expect(found.filter(({ code }) => code === "limit-differs").map(({ place }) => place)).toEqual([
    { file, line: 4, column: 3 },
  ]);
});

test("A9: what Cloudflare refuses of a limit is found at what its author wrote", () => {
  const file = "infra/policy/rate-limits/slow-login.ts";
  write(
    file,
    `export const slowLogin = {
  ref: "slow_login",
  limit: { requests: 5, seconds: 10, by: [
    "ip.src",
    "http.request.headers[\\"x-key\\"]",
  ] },
};
`,
  );
  const when = 'http.request.uri.path eq "/api/auth/login"';
  const limit = { requests: 5, seconds: 10, by: ["ip.src", 'http.request.headers["x-key"]'] };
  const found = findings(rule({ ref: "slow_login", when, limit }), { phase: "http_ratelimit" });
  const [wrong] = found.filter(({ property }) => property.startsWith("limit.by"));
  expect([wrong?.severity, wrong?.property, wrong?.place]).toEqual([
    "error",
    "limit.by",
    { file, line: 3, column: 38 },
  ]);
});

test("A9: without its file a finding still names the file that the rule should be in", () => {
  expect(findings(rule({ when: CONDITION })).map(({ place }) => place)).toContainEqual({
    file: FILE,
    line: 1,
    column: 1,
  });
  const [broken] = findings((() => {
    throw new Error("no");
  }) as RuleFile);
  expect(broken?.place.file).toBe("infra/policy/custom-rules/index.ts");
});

test("A9: --fix corrects the text in the file, shows the change, and leaves nothing that it can correct", () => {
  write(FILE, source(`'${CONDITION}'`));
  const { lines, left } = fixFindings(findings(rule({ when: CONDITION })), root);
  const corrected = CONDITION.replace('"get"', '"GET"');
  expect(lines).toEqual([`${FILE}:7 old_api when is changed:\n  - ${CONDITION}\n  + ${corrected}`]);
  expect(readFileSync(join(root, FILE), "utf8")).toBe(source(`'${corrected}'`));
  expect(left.filter(({ fix }) => fix !== undefined)).toEqual([]);
  expect(findings(rule({ when: corrected })).filter(({ fix }) => fix !== undefined)).toEqual([]);
});

test("A9: --fix leaves a text alone that would need escapes, and says so", () => {
  const when = 'http.request.method eq "get"';
  write(FILE, source('"http.request.method eq \\"get\\""'));
  const found = findings(rule({ when }));
  expect(found.some(({ fix }) => fix !== undefined)).toBe(true);
  const { lines, left } = fixFindings(found, root);
  expect([lines.length, left.length]).toEqual([1, found.length]);
  expect(lines[0]).toMatch(/is not changed: the file does not have it word for word/);
});

test("A9: the finding about a hostname in a rule's condition says to leave it out, because the kit adds the guard", () => {
  const when = 'http.host eq "chat.example.com" and http.request.uri.path eq "/old"';
  write(FILE, source(`'${when}'`));
  const [found] = findings(rule({ when })).filter(({ code }) => code === "host-case");
  expect(found?.hint).toMatch(/^leave hostnames out of the rule/);
});

test("F10: of two corrections that overlap one is made and printed, and the other is found again", () => {
  const when = 'not not (http.request.method eq "get") and ssl';
  write(FILE, source(`'${when}'`));
  const found = findings(rule({ when })).filter(({ fix }) => fix !== undefined);
  expect(found.length).toBeGreaterThan(1);
  const { left } = fixFindings(found, root);
  const [, after = ""] = /when: '(.*)',/.exec(readFileSync(join(root, FILE), "utf8")) ?? [];
  expect(after).not.toBe(when);
  const again = findings(rule({ when: after })).filter(({ fix }) => fix !== undefined);
  expect(left.map(({ code }) => code)).toEqual(again.map(({ code }) => code));
  expect(left).not.toEqual([]);
});

test("F10: nothing outside the policy is written, whatever a ref or a link says", () => {
  const when = 'http.request.method eq "get"';
  const text = source(`'${when}'`);
  write("outside.ts", text.replace("old_api", "../../../outside"));
  fixFindings(findings(rule({ when, ref: "../../../outside" })), root);
  expect(readFileSync(join(root, "outside.ts"), "utf8")).toBe(text.replace("old_api", "../../../outside"));
  write("linked.ts", text);
  write("infra/policy/custom-rules/index.ts", "");
  symlinkSync(join(root, "linked.ts"), join(root, FILE));
  const { lines, left } = fixFindings(findings(rule({ when })), root);
  expect([lines.length, left.length > 0, readFileSync(join(root, "linked.ts"), "utf8")]).toEqual([1, true, text]);
  expect(lines[0]).toContain("is not changed: it is not a file of infra/policy, or it is reached through a symbolic");
  const [finding] = findings(rule({ when })).filter(({ fix }) => fix !== undefined);
  if (finding === undefined) throw new Error("there is no finding");
  expect(fixFindings([{ ...finding, place: { ...finding.place, file: "linked.ts" } }], root).left).toHaveLength(1);
  expect(readFileSync(join(root, "linked.ts"), "utf8")).toBe(text);
});

test("F10: --fix leaves a file alone where several objects have the ref, or that is not UTF-8", () => {
  const when = 'http.request.method eq "get"';
  const decoy = `const other = { ref: "old_api", when: '${when}' };\n${source(`'${when}'`)}`;
  write(FILE, decoy);
  expect(fixFindings(findings(rule({ when })), root).lines).toEqual([
    expect.stringContaining("is not changed: several objects of the file have this ref"),
  ]);
  expect(readFileSync(join(root, FILE), "utf8")).toBe(decoy);
  const bytes = Buffer.concat([Buffer.from("// caf\xe9\n", "latin1"), Buffer.from(source(`'${when}'`))]);
  writeFileSync(join(root, FILE), bytes);
  expect(fixFindings(findings(rule({ when })), root).lines).toEqual([
    expect.stringContaining("is not changed: the file is not UTF-8"),
  ]);
  expect(readFileSync(join(root, FILE)).equals(bytes)).toBe(true);
});
