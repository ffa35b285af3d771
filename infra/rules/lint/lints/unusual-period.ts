import { PERIODS_OF_EVERY_PAGE, periodsOf } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

export const unusualPeriod: Lint = {
  name: "unusual-period",
  severity: "hint",
  about: "Cloudflare's pages disagree on whether a rate limit can count over this period.",
  *inRule({ rule, plan }) {
    const period = rule.ratelimit?.period;
    if (period === undefined || !periodsOf(plan).includes(period) || PERIODS_OF_EVERY_PAGE.includes(period)) return;
    yield {
      property: "ratelimit.period",
      message: `Cloudflare's pages disagree on ${period} seconds`,
      hint: `all of them name ${PERIODS_OF_EVERY_PAGE.join(", ")}`,
    };
  },
};
