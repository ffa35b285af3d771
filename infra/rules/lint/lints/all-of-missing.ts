import type { Lint } from "../lint.ts";
import { conditions, readers } from "../visit.ts";

export const allOfMissing: Lint = {
  name: "all-of-missing",
  severity: "warning",
  about: "all(x[*] …) is true when x is missing or empty.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const one of conditions(condition)) {
      if (one.kind !== "quantifier" || one.quantifier !== "all" || one.over.kind === "reader") continue;
      const mapped = [...readers(one.over)].find((reader) => reader.accesses.at(-1)?.kind === "each");
      const each = mapped?.accesses.at(-1);
      if (!mapped || !each) continue;
      const array = text.slice(mapped.node.span.start, each.span.start);
      if (text.includes(`len(${array})`)) continue;
      yield {
        span: one.node.span,
        message: `this is true for every request without ${array}`,
        hint: `add: len(${array}) gt 0 and …`,
      };
    }
  },
};
