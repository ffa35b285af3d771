import type { Compared, Condition } from "../../check/typed.ts";
import type { Lint } from "../lint.ts";
import { conditions } from "../visit.ts";

export const useIn: Lint = {
  name: "use-in",
  severity: "hint",
  about: "Three or more comparisons of one value joined by or are shorter as a set.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const one of conditions(condition)) {
      if (one.kind !== "logical" || one.operator !== "or") continue;
      const equal = one.items.filter(isEquality);
      const [first] = equal;
      if (!first || equal.length < 3 || equal.length < one.items.length) continue;
      const of = (span: { start: number; end: number } | undefined): string =>
        span ? text.slice(span.start, span.end) : "";
      const name = of(first.left.node.span);
      if (equal.some((other) => of(other.left.node.span) !== name)) continue;
      const written = `${name} in {${equal.map((other) => of(other.node.right?.span)).join(" ")}}`;
      yield {
        span: one.node.span,
        message: `${equal.length} comparisons of ${name} are one set`,
        hint: `write: ${written}`,
        fix: [{ span: one.node.span, text: written }],
      };
    }
  },
};

function isEquality(condition: Condition): condition is Compared {
  return (
    condition.kind === "compare" &&
    (condition.test.kind === "order" || condition.test.kind === "address") &&
    condition.test.operator === "eq"
  );
}
