import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const duplicateInSet: Lint = {
  name: "duplicate-in-set",
  severity: "warning",
  about: "A set has the same item twice.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { right } = compared.node;
      if (right?.kind !== "items") continue;
      const seen = new Set<string>();
      for (const item of right.items) {
        const key = item.kind === "text" ? `"${item.value}` : item.text.toLowerCase();
        if (seen.has(key)) {
          const start = item.span.start - (/\s*$/.exec(text.slice(0, item.span.start))?.[0].length ?? 0);
          yield {
            span: item.span,
            message: "this item is in the set already",
            fix: [{ span: { start, end: item.span.end }, text: "" }],
          };
        }
        seen.add(key);
      }
    }
  },
};
