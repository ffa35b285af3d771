import type { Lint } from "../lint.ts";
import { comparisons, mayBeMissing } from "../visit.ts";

export const missingValue: Lint = {
  name: "missing-value",
  severity: "hint",
  about:
    "`x ne v` is false where x is missing, `not x eq v` is true there; the two are not the same and neither is " +
    "rewritten.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared, negated, quantifier } of comparisons(condition)) {
      const { test, left, node } = compared;
      if (quantifier || !mayBeMissing(left) || test.kind === "dynamic") continue;
      const name = text.slice(left.node.span.start, left.node.span.end);
      const isNe = "operator" in test && test.operator === "ne";
      if (isNe && !negated) {
        yield {
          span: node.span,
          message: `this is false for a request that has no ${name}`,
          hint: `where such a request should match too, write: not ${name} eq …`,
        };
      } else if (negated && !isNe) {
        yield {
          span: node.span,
          message: `with the not around it this is true for a request that has no ${name}`,
          hint: `where such a request should not match, add: len(${name}) ge 0 and …`,
        };
      }
    }
  },
};
