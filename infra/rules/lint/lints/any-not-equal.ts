import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const anyNotEqual: Lint = {
  name: "any-not-equal",
  severity: "warning",
  about: "any(x[*] ne v) is true as soon as one element differs; that no element equals v is not any(x[*] eq v).",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared, negated, quantifier } of comparisons(condition)) {
      const { test, node } = compared;
      if (quantifier !== "any" || negated || !("operator" in test) || test.operator !== "ne") continue;
      yield {
        span: node.span,
        message: "this is true as soon as one element is different, even where another is equal",
        hint: "to say that no element is equal write: not any(… eq …)",
      };
    }
  },
};
