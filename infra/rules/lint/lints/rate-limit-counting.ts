import { implies } from "../implies.ts";
import type { Lint } from "../lint.ts";

export const rateLimitCounting: Lint = {
  name: "rate-limit-counting",
  severity: "warning",
  about: "A counting expression is not joined with the rule's: it also counts requests that the rule is not for.",
  *inRule({ expression, counting }) {
    const [rule, counts] = [expression.analysis.condition, counting?.analysis.condition];
    if (!counting || !rule || !counts) return;
    if (implies({ condition: counts, text: counting.text }, { condition: rule, text: expression.text })) return;
    yield {
      property: "ratelimit.counting_expression",
      message: "this also counts requests that the rule's own expression does not match",
      hint: "where that is not meant, begin it with the rule's expression and …",
    };
  },
};
