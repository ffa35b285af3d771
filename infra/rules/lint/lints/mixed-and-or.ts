import type { Lint } from "../lint.ts";
import { walk } from "../walk.ts";

export const mixedAndOr: Lint = {
  name: "mixed-and-or",
  severity: "hint",
  about: '"and" binds tighter than "xor" and "or"; parentheses show which is meant.',
  *inExpression({ tree, text }) {
    for (const node of walk(tree)) {
      if (node.kind !== "logical" || node.operator === "and") continue;
      const inner = node.items.find((item) => item.kind === "logical");
      if (!inner) continue;
      const { start, end } = inner.span;
      yield {
        span: inner.span,
        message: `this is one condition, because "${inner.operator}" binds tighter than "${node.operator}"`,
        hint: "show it with parentheses",
        fix: [{ span: inner.span, text: `(${text.slice(start, end)})` }],
      };
      return;
    }
  },
};
