/** The kit's policy with lists, and with rules that use them. */
import { type DeployedRule, type Policy, type PolicyList, policyFor, SURFACE } from "../../../infra/policy/index.ts";
import type { Plan } from "../../../infra/rules/index.ts";
import { foldersWith } from "../policy/kit-policy.ts";
import { site } from "./account-stage.ts";

export const OFFICE: PolicyList = {
  name: "office",
  kind: "ip",
  description: "who may see /admin",
  items: [{ value: "203.0.113.7", comment: "Ada" }, { value: "2001:DB8:0::/48" }],
};

const RULE: DeployedRule = {
  ref: "admin_only",
  description: "Block /admin outside the office",
  action: "block",
  enabled: true,
  expression: 'http.request.uri.path eq "/admin" and not ip.src in $office',
  source: {
    file: "infra/policy/custom-rules/admin-only.ts",
    when: "",
    examples: { match: ["GET /admin"], pass: ["GET /"] },
  },
};

/** Adds lists, and a custom rule that uses `$office` where that is one of them. */
export const withLists =
  (lists: readonly PolicyList[] = [OFFICE], rule: Partial<DeployedRule> = {}, of = site) =>
  (plan: Plan): Policy => {
    const policy = policyFor(of, plan, SURFACE, foldersWith(), lists);
    const more = lists.some(({ name }) => name === "office") ? [{ ...RULE, ...rule }] : [];
    const rulesets = policy.rulesets.map((ruleset) =>
      ruleset.phase === "http_request_firewall_custom" ? { ...ruleset, rules: [...ruleset.rules, ...more] } : ruleset,
    );
    return { ...policy, rulesets };
  };
