import { ALLOWED_MITIGATION_TIMEOUTS, PLAN_LIMITS, planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

const challenges = ["challenge", "js_challenge", "managed_challenge"];

export const rateLimitTimeout: Lint = {
  name: "rate-limit-timeout",
  severity: "error",
  about:
    "The mitigation timeout fits the plan: 0 with a challenge below Enterprise, throttling with block on Enterprise only.",
  *inRule({ rule, plan }) {
    const { ratelimit, action } = rule;
    if (!ratelimit) return;
    const property = "ratelimit.mitigation_timeout";
    const timeout = ratelimit.mitigation_timeout ?? 0;
    const { rlMaxTimeout } = PLAN_LIMITS[plan];
    if (challenges.includes(action)) {
      if (timeout !== 0 && plan !== "enterprise") {
        yield {
          property,
          message: `with ${action} the mitigation timeout is 0 on ${planName(plan)}`,
          hint: "a solved challenge sets the counter to zero",
        };
      }
    } else if (timeout === 0) {
      if (action === "block" && plan !== "enterprise") {
        yield {
          property,
          message: `throttling (a mitigation timeout of 0 with block) needs Enterprise, this is ${planName(plan)}`,
        };
      }
    } else if (timeout > rlMaxTimeout) {
      yield { property, message: `${planName(plan)} acts for at most ${rlMaxTimeout} seconds, not ${timeout}` };
    } else if (plan !== "enterprise" && !ALLOWED_MITIGATION_TIMEOUTS.includes(timeout)) {
      yield {
        property,
        message: `a mitigation timeout has ${ALLOWED_MITIGATION_TIMEOUTS.join(", ")} seconds, not ${timeout}`,
      };
    }
  },
};
