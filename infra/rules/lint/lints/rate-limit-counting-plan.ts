import { PLAN_LIMITS, planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

export const rateLimitCountingPlan: Lint = {
  name: "rate-limit-counting-plan",
  severity: "error",
  about: "A counting expression of its own needs Business.",
  *inRule({ rule, plan, counting }) {
    if (!counting || PLAN_LIMITS[plan].rlCountingExpression || rule.ratelimit?.counting_expression === rule.expression)
      return;
    yield {
      property: "ratelimit.counting_expression",
      message: `a counting expression needs Business or higher, this is ${planName(plan)}`,
      hint: "leave it out: the rule's own expression counts",
    };
  },
};
