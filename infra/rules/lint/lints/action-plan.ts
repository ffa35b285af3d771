import { PLAN_LIMITS, planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

export const actionPlan: Lint = {
  name: "action-plan",
  severity: "error",
  about: "The action log is for Enterprise.",
  *inRule({ rule, plan }) {
    if (rule.action !== "log" || PLAN_LIMITS[plan].logAction) return;
    yield {
      property: "action",
      message: `the action log needs Enterprise, this is ${planName(plan)}`,
      hint: "try the rule offline, or begin with managed_challenge",
    };
  },
};
