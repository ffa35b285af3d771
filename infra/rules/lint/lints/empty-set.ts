import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const emptySet: Lint = {
  name: "empty-set",
  severity: "warning",
  about: "Nothing is in {}; the comparison is always false.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { right } = compared.node;
      if (right?.kind === "items" && right.items.length === 0) {
        yield { span: right.span, message: "nothing is in an empty set, so that this is always false" };
      }
    }
  },
};
