// What validator, examples and stories find in the policy before anything is created.
import { expect, test } from "@jest/globals";
import { FOLDERS, type Plan, policyFor, type Site, SURFACE } from "../../../infra/policy/index.ts";
import type { PolicyRule, RuleFile } from "../../../infra/policy/rule.ts";
import { PreflightError } from "../../../infra/preflight/index.ts";
import { policyFindings } from "../../../infra/preflight/policy.ts";
import { foldersWith, kitStories } from "../policy/kit-policy.ts";
import { site } from "../policy/site.ts";

const all: PolicyRule = {
  ref: "block_all",
  description: "Block every request, which is a mistake",
  when: "true",
  action: "block",
  examples: { match: ["GET /"], pass: ["GET /api/users/me"] },
};

function findings(
  added: readonly unknown[],
  { unproved = false, of = site, plan = "free" as Plan }: { unproved?: boolean; of?: Site; plan?: Plan } = {},
) {
  const policy = policyFor(of, plan, SURFACE, foldersWith(added as readonly RuleFile[]));
  return policyFindings(of, plan, policy, { stories: kitStories, unproved });
}

test("the shipped policy is proved", () => {
  expect(findings([])).toEqual({ obstacles: [], warnings: [], unproved: [] });
});

test("A6: a rule that blocks everything is stopped by its examples and by the stories, each with file and place", () => {
  const { obstacles, unproved } = findings([all]);
  expect(obstacles[0]).toEqual({
    code: "policy.example-matched",
    found: expect.stringMatching(
      /^infra\/policy\/custom-rules\/block-all\.ts: rule block_all, \/examples\/pass\/0 \(GET \/api\/users\/me\): the rule must/,
    ),
    fix: "Correct the rule, or the example.",
    unproved: true,
  });
  expect(obstacles.map(({ found }) => found)).toContainEqual(
    expect.stringMatching(/^infra\/policy\/stories\/login-hammering\.json: \/steps\/0 .*expected pass, got block/),
  );
  expect(unproved).toEqual([]);
  const { message } = new PreflightError(obstacles);
  expect(message).toContain("Nothing was created");
  expect(message).toContain("CAUSEWAY_UNPROVED=yes");
  expect(message).toContain("npm run rules -- test");
});

test("A6: what is ordered to be deployed unproved is no obstacle, and told", () => {
  const { obstacles, unproved } = findings([all], { unproved: true });
  expect(obstacles).toEqual([]);
  expect(unproved.length).toBeGreaterThan(3);
  expect(unproved[0]).toMatch(/^infra\/policy\/custom-rules\/block-all\.ts: rule block_all, \/examples\/pass\/0: /);
});

test("what Cloudflare would refuse, and what is no rule, stops every run", () => {
  const bad = { ...all, when: "ip.src.contry in {1}" };
  const noRule = { ...all, ref: "no_rule", enable: true };
  for (const unproved of [false, true]) {
    const { obstacles } = findings([bad, noRule], { unproved });
    expect(obstacles.map(({ code }) => code)).toEqual(["policy.unknown-field", "policy.unknown-key"]);
    expect(obstacles[1]).toMatchObject({
      found: 'infra/policy/custom-rules/no-rule.ts: rule no_rule, /enable (true): unknown field "enable"',
      fix: "In infra/policy/custom-rules/no-rule.ts: did you mean enabled.",
    });
    expect(new PreflightError(obstacles).message).not.toContain("CAUSEWAY_UNPROVED");
  }
});

test("of very many failures the first are told, and where to see the others", () => {
  const match = Array.from({ length: 50 }, (_, index) => `GET /${index}`) as [string, ...string[]];
  const { obstacles } = findings([
    { ...all, when: 'http.request.uri.path eq "/none"', examples: { match, pass: ["GET /"] } },
  ]);
  expect(obstacles).toHaveLength(21);
  expect(obstacles.at(-1)).toMatchObject({
    found: "30 more examples and steps of stories fail",
    fix: expect.stringContaining("npm run rules -- test"),
  });
});

test("rules of others in an adopted ruleset are reported where they change a story, and stop nothing", () => {
  const theirs = { ref: "theirs", expression: 'http.request.uri.path eq "/"', action: "block" as const };
  const ruleset = { id: "0".repeat(32), name: "default", description: "", rules: [theirs] };
  const adopt = { records: {}, rulesets: { http_request_firewall_custom: ruleset } };
  const { obstacles, warnings } = findings([], { of: { ...site, adopt } });
  expect(obstacles).toEqual([]);
  expect(warnings).toContainEqual(
    expect.stringMatching(
      /scanner\.json: \/steps\/4: behind the rules of others in the adopted ruleset, .*expected pass, got block by theirs/,
    ),
  );
});

test("a rule of others that Cloudflare would refuse today is reported, and stops nothing", () => {
  const theirs = { ref: "theirs", expression: 'ip.src.contry eq "X" and ssl', action: "block" as const };
  const ruleset = { id: "0".repeat(32), name: "default", description: "", rules: [theirs] };
  const adopt = { records: {}, rulesets: { http_request_firewall_custom: ruleset } };
  const { obstacles, warnings } = findings([], { of: { ...site, adopt } });
  expect(obstacles).toEqual([]);
  expect(warnings[0]).toMatch(
    /^rule theirs of others in the adopted ruleset of http_request_firewall_custom, expression: .*; it stays as it is$/,
  );
});

test("a rule of others that the engine cannot run is reported, and stops nothing", () => {
  const theirs = { ref: "theirs", expression: "true", action: "execute" as const, action_parameters: { id: "x" } };
  const ruleset = { id: "0".repeat(32), name: "default", description: "", rules: [theirs] };
  const adopt = { records: {}, rulesets: { http_request_firewall_custom: ruleset } };
  const { obstacles, warnings } = findings([], { of: { ...site, adopt } });
  expect(obstacles).toEqual([]);
  expect(warnings).toHaveLength(4);
  expect(warnings[1]).toMatch(/behind the rules of others in the adopted ruleset/);
});

test("A10: a limit that the plan changes is a warning", () => {
  const rule = { ...all, when: 'http.request.uri.path eq "/old"', limit: { requests: 5, seconds: 60 } };
  const examples = { match: ["GET /old"] as const, pass: ["GET /"] as const };
  const folders = FOLDERS.map((folder) =>
    folder.phase === "http_ratelimit" ? { ...folder, files: [{ ...rule, examples }] } : folder,
  );
  const policy = policyFor(site, "free", SURFACE, folders);
  const { warnings } = policyFindings(site, "free", policy, { stories: [], unproved: false });
  expect(warnings).toEqual([expect.stringContaining("5 requests in 60 s becomes 1 request in 10 s on Free")]);
});
