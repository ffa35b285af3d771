import type { Plan } from "../../schema/plans.ts";
import { PLAN_LIMITS, PLANS, planName } from "../../schema/plans.ts";
import type { Lint, Policy } from "../lint.ts";

export const ruleCount: Lint = {
  name: "rule-count",
  severity: "error",
  about: "The plan has room for fewer rules of this kind.",
  *inPolicy(policy) {
    for (const [phase, limit, what] of [
      ["http_request_firewall_custom", (plan: Plan) => PLAN_LIMITS[plan].customRules, "custom rules"],
      ["http_ratelimit", (plan: Plan) => PLAN_LIMITS[plan].rateLimitRules, "rate limiting rules"],
    ] as const) {
      yield* tooMany(policy, phase, limit, what);
    }
  },
};

function* tooMany({ rules, plan }: Policy, phase: string, limit: (plan: Plan) => number, what: string) {
  const all = rules.filter((one) => one.phase === phase);
  const surplus = all[limit(plan)];
  if (!surplus) return;
  const enough = PLANS.find((one) => limit(one) >= all.length);
  yield {
    rule: surplus,
    property: "ref",
    message: `${planName(plan)} has room for ${limit(plan)} ${what}, these are ${all.length}`,
    hint: enough ? `${planName(enough)} has room for ${limit(enough)}` : "join rules that do the same",
  };
}
