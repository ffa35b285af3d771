import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const wildcardWithoutStar: Lint = {
  name: "wildcard-without-star",
  severity: "hint",
  about: "A wildcard without * compares the whole value; strict wildcard is then eq.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node } = compared;
      if (test.kind !== "wildcard" || test.pattern.includes("*") || !node.operator) continue;
      yield {
        span: node.operator.span,
        message: test.strict ? "without a * this is eq" : "without a * this is eq, ignoring case",
        ...(test.strict && !test.pattern.includes("\\") && { fix: [{ span: node.operator.span, text: "eq" }] }),
      };
    }
  },
};
