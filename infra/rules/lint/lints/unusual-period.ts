import { periodsOf } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

/** What the API's page on parameters names; the page on plans names more. */
const documentedTwice = [10, 60, 120, 300, 600, 3600];

export const unusualPeriod: Lint = {
  name: "unusual-period",
  severity: "hint",
  about: "Cloudflare's pages disagree on whether a rate limit can count over this period.",
  *inRule({ rule, plan }) {
    const period = rule.ratelimit?.period;
    if (period === undefined || !periodsOf(plan).includes(period) || documentedTwice.includes(period)) return;
    yield {
      property: "ratelimit.period",
      message: `Cloudflare's pages disagree on ${period} seconds`,
      hint: `all of them name ${documentedTwice.join(", ")}`,
    };
  },
};
