import type { Lint } from "../lint.ts";

export const rateLimitThreshold: Lint = {
  name: "rate-limit-threshold",
  severity: "error",
  about: "A rate limit has either requests_per_period, at least 1, or score_per_period with the header of the score.",
  *inRule({ rule, plan }) {
    const { ratelimit } = rule;
    if (!ratelimit) return;
    const { requests_per_period: requests, score_per_period: score, score_response_header_name: header } = ratelimit;
    if (requests === undefined && score === undefined) {
      yield { property: "ratelimit", message: "there is no limit", hint: "add requests_per_period" };
    }
    if (requests !== undefined && (!Number.isInteger(requests) || requests < 1)) {
      yield { property: "ratelimit.requests_per_period", message: "the limit is a whole number from 1" };
    }
    if (score === undefined) return;
    if (requests !== undefined)
      yield {
        property: "ratelimit.score_per_period",
        message: "a rate limit counts requests or adds scores, not both",
      };
    if (plan !== "enterprise")
      yield { property: "ratelimit.score_per_period", message: "rate limits by score need Enterprise" };
    if (!header)
      yield { property: "ratelimit.score_response_header_name", message: "the header that holds the score is missing" };
  },
};
