import { PLAN_LIMITS, planName, rateLimitSees } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

export const rateLimitFields: Lint = {
  name: "rate-limit-fields",
  severity: "warning",
  about: "The documentation does not list the field for rate limits of the plan; the API has been seen to accept some.",
  *inExpression({ analysis: { fields }, phase, plan, part }) {
    if (phase !== "http_ratelimit" || part !== "expression") return;
    for (const { used, span } of fields) {
      if (rateLimitSees(plan, used.name) || rateLimitSees(plan, used.replacedBy ?? "")) continue;
      yield {
        span,
        message: `rate limits on ${planName(plan)} see no ${used.name} by the documentation`,
        hint: `they see ${PLAN_LIMITS[plan].rlFields.join(", ")}`,
      };
    }
  },
};
