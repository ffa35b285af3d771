import { coversAll, rangeOf } from "../domain.ts";
import type { Lint } from "../lint.ts";
import { conditions } from "../visit.ts";

export const tautology: Lint = {
  name: "tautology",
  severity: "warning",
  about: "Conditions joined by or of which one is always true, such as x ne a or x ne b.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const one of conditions(condition)) {
      if (one.kind !== "logical" || one.operator !== "or") continue;
      for (const [i, item] of one.items.entries()) {
        const range = rangeOf(item, text);
        if (!range || !one.items.slice(0, i).some((other) => coversAll(other, item, text))) continue;
        yield {
          span: item.node.span,
          message: "together with the condition before it this is always true",
          hint: "write and, or use not … in {…}",
        };
        break;
      }
    }
  },
};
