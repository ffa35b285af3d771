import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const addressOrder: Lint = {
  name: "address-order",
  severity: "warning",
  about:
    "Cloudflare documents only eq, ne and in for addresses; lt and gt are accepted by the engine but promised nowhere.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node } = compared;
      if (test.kind !== "address" || test.operator === "eq" || test.operator === "ne" || !node.operator) continue;
      yield {
        span: node.operator.span,
        message: `${test.operator} is not documented for addresses`,
        hint: "use in {first..last}",
      };
    }
  },
};
