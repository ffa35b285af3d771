import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

/**
 * Bytes of the longest URL that Cloudflare takes
 * (https://developers.cloudflare.com/fundamentals/reference/connection-limits/).
 */
const LONGEST = 16 * 1024;

export const regexCostly: Lint = {
  name: "regex-costly",
  severity: "warning",
  about: "The pattern's repetitions make so many states that a long input may take more steps than are tried here.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node } = compared;
      if (test.kind !== "matches" || !node.right) continue;
      // of many alternatives few are under way at once; of many copies all can be
      if (!/\{\d/.test(test.regex.pattern) || !test.regex.mayBeTooCostly(LONGEST)) continue;
      yield {
        span: node.right.span,
        message: "this pattern may take too many steps on a long input; here the answer is undetermined then",
        hint: "repeat less, or compare the length with len()",
      };
    }
  },
};
