import type { Lint } from "../lint.ts";
import { callOf, comparisons } from "../visit.ts";

export const negativeLength: Lint = {
  name: "negative-length",
  severity: "warning",
  about: "A length is never negative; len(x) ge 0 alone is a test for presence and fine.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, left, node } = compared;
      if (callOf(left)?.name !== "len" || test.kind !== "order" || typeof test.value === "string") continue;
      const isNever = test.value < 0 || (test.operator === "lt" && test.value === 0);
      if (isNever) yield { span: node.span, message: "a length is never negative" };
    }
  },
};
