import type { Lint } from "../lint.ts";

export const rateLimitLists: Lint = {
  name: "rate-limit-lists",
  severity: "error",
  about:
    "A rate limit that asks a custom list counts cached answers too, and its counting expression has no response field beside a list.",
  *inRule({ rule, expression, counting }) {
    const lists = expression.analysis.lists.filter(({ what }) => !what.startsWith("cf."));
    if (rule.ratelimit && lists.length > 0 && rule.ratelimit.requests_to_origin === true) {
      yield {
        property: "ratelimit.requests_to_origin",
        message: `an expression with a list ($${lists[0]?.what}) needs requests_to_origin: false`,
      };
    }
    const both =
      counting &&
      counting.analysis.lists.length > 0 &&
      counting.analysis.fields.some(({ what }) => what.source === "response");
    if (both)
      yield {
        property: "ratelimit.counting_expression",
        message: "a counting expression cannot have both a list and a field of the response",
      };
  },
};
