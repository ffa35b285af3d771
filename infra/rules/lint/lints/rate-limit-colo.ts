import type { Lint } from "../lint.ts";

export const rateLimitColo: Lint = {
  name: "rate-limit-colo",
  severity: "error",
  about: "The characteristics of a rate limit include cf.colo.id: counters are per data centre.",
  *inRule({ rule }) {
    if (!rule.ratelimit || rule.ratelimit.characteristics.includes("cf.colo.id")) return;
    yield {
      property: "ratelimit.characteristics",
      message: "cf.colo.id is missing",
      hint: "add it: counters are per data centre, and the API wants that said",
    };
  },
};
