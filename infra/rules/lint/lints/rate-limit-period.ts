import { ALLOWED_PERIODS, PLAN_LIMITS, planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

/** What the API's page on parameters names; the page on plans names more. */
const documentedTwice = [10, 60, 120, 300, 600, 3600];

export const rateLimitPeriod: Lint = {
  name: "rate-limit-period",
  severity: "error",
  about: "The period of a rate limit is one of Cloudflare's, and not longer than the plan's.",
  *inRule({ rule, plan }) {
    const period = rule.ratelimit?.period;
    if (period === undefined) return;
    const property = "ratelimit.period";
    const { rlMaxPeriod } = PLAN_LIMITS[plan];
    if (!ALLOWED_PERIODS.includes(period)) {
      yield { property, message: `a period has ${ALLOWED_PERIODS.join(", ")} seconds, not ${period}` };
    } else if (period > rlMaxPeriod) {
      yield { property, message: `${planName(plan)} counts over at most ${rlMaxPeriod} seconds, not ${period}` };
    } else if (!documentedTwice.includes(period)) {
      yield {
        property,
        severity: "hint",
        message: `Cloudflare's pages disagree on ${period} seconds`,
        hint: `all of them name ${documentedTwice.join(", ")}`,
      };
    }
  },
};
