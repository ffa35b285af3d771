// One rule, one file, named after its `ref`; what is deployed of it.
import { readdirSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { deployFolder } from "../../../infra/policy/deploy.ts";
import { FOLDERS } from "../../../infra/policy/folders.ts";
import { apiRule, exampleFacts, policyFor, SURFACE } from "../../../infra/policy/index.ts";
import { fileOfRule } from "../../../infra/policy/phases.ts";
import type { PolicyRule, RuleFile } from "../../../infra/policy/rule.ts";
import type { SiteAccess } from "../../../infra/policy/site.ts";
import { compile, createEngine, type Plan, requestFields } from "../../../infra/rules/index.ts";
import { PLANS, site } from "./site.ts";

const rule: PolicyRule = {
  ref: "old_script",
  description: "Block the script that nobody uses",
  when: 'http.request.uri.path eq "/old.js"',
  action: "block",
  examples: { match: ["GET /old.js"], pass: ["GET /"] },
};

const deploy = (files: readonly RuleFile[], phase = "http_request_firewall_custom", plan: Plan = "free") => {
  const folder = FOLDERS.find((one) => one.phase === phase);
  if (folder === undefined) throw new Error(`no folder for ${phase}`);
  return deployFolder({ ...folder, files }, { site, plan, surface: SURFACE });
};

/** A site for which every rule of the kit is made. */
const access: SiteAccess = {
  ...{ team: "example", serviceTokens: {} },
  applications: [
    {
      ...{ name: "admin", hostname: "www.example.com", emails: ["ann@example.com"] },
      ...{ emailDomains: [], serviceTokens: [], session: "24h" },
    },
  ],
};

test.each(FOLDERS.map((folder) => [folder.folder, folder] as const))(
  "every file of %s is a rule in its index.ts, and the file that its ref names",
  (path, { phase }) => {
    const files = PLANS.flatMap((plan) =>
      policyFor({ ...site, access }, plan)
        .rulesets.filter((ruleset) => ruleset.phase === phase)
        .flatMap(({ rules }) => rules.map(({ source }) => source.file)),
    );
    const there = readdirSync(path).filter((name) => name !== "index.ts");
    expect(new Set(files)).toEqual(new Set(there.map((name) => `${path}/${name}`)));
  },
);

test("the file of a rule that is in no folder of the policy is the policy's", () => {
  expect(fileOfRule("http_config_settings", "my_rule")).toBe("infra/policy/my-rule.ts");
});

test("A5: a rule that is off keeps its place and its ref, and does nothing", () => {
  const { ruleset } = deploy([{ ...rule, enabled: false }]);
  expect(ruleset.rules).toMatchObject([{ ref: "old_script", enabled: false }]);
  const engine = createEngine({ plan: "free", zone: [{ ...ruleset, id: "1", kind: "zone" }] });
  expect(engine.handle(exampleFacts("GET /old.js", site)).outcome).toBe("pass");
});

test("A9: a deployed rule keeps its condition as it was written, and its file; neither is sent to Cloudflare", () => {
  const [deployed] = deploy([rule]).ruleset.rules;
  if (deployed === undefined) throw new Error("no rule");
  expect(deployed.expression).toContain(`and ${rule.when})`);
  expect(deployed.source).toMatchObject({ when: rule.when, file: "infra/policy/custom-rules/old-script.ts" });
  expect(Object.keys(apiRule(deployed)).sort()).toEqual(["action", "description", "enabled", "expression", "ref"]);
});

test.each(["ssl or not ssl", "ssl xor not ssl", "(ssl) or not ssl", "not ssl or ssl"])(
  "the condition %s holds for the site's hostnames only",
  (when) => {
    const [deployed] = deploy([{ ...rule, when }]).ruleset.rules;
    const compiled = compile(deployed?.expression ?? "");
    if (!compiled.ok) throw new Error("it does not compile");
    const matches = (request: string) => compiled.matches(requestFields(exampleFacts(request, site)));
    expect(matches("GET /")).toBe(true);
    expect(matches("GET https://shop.example.com/")).toBe(false);
    expect(matches("GET http://shop.example.com/")).toBe(false);
  },
);

test("a condition that is no expression by itself is deployed as none, whatever stands beside it", () => {
  const [deployed] = deploy([{ ...rule, when: "ssl) or (true" }]).ruleset.rules;
  expect(compile(deployed?.expression ?? "").ok).toBe(false);
});

test("a rate limit of the user's own comes first, and limits that the gateway enforces too are left out", () => {
  const own: PolicyRule = { ...rule, ref: "own_rate", limit: { requests: 5, seconds: 60 } };
  const files = FOLDERS.find(({ phase }) => phase === "http_ratelimit")?.files ?? [];
  const on = (plan: Plan) => {
    const { ruleset, leftOut } = deploy([...files, own], "http_ratelimit", plan);
    return { deployed: ruleset.rules.map(({ ref }) => ref), leftOut: leftOut.map(({ ref }) => ref) };
  };
  expect(on("free")).toEqual({ deployed: ["own_rate"], leftOut: ["credential_rate", "write_rate", "read_rate"] });
  expect(on("pro")).toEqual({ deployed: ["credential_rate", "own_rate"], leftOut: ["write_rate", "read_rate"] });
  expect(on("enterprise").leftOut).toEqual([]);
});

test("two rate limits of the user's own are one too many for Free, and none of them vanishes", () => {
  const own = ["first_rate", "second_rate"].map((ref) => ({ ...rule, ref, limit: { requests: 5, seconds: 60 } }));
  expect(deploy(own, "http_ratelimit").ruleset.rules.map(({ ref }) => ref)).toEqual(["first_rate", "second_rate"]);
});
