import type { Lint } from "../lint.ts";
import { comparisons, textLiterals } from "../visit.ts";

export const literalLooksLikePattern: Lint = {
  name: "literal-looks-like-pattern",
  severity: "warning",
  about: "A text that is compared as it is looks like a regular expression or a wildcard.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      for (const { value, span, operator } of textLiterals(compared)) {
        if (operator === "matches") continue;
        const isWildcard = /wildcard/.test(operator);
        if (/^\^|(?:[^\\]|^)\$$|\.[*+]|\\[.dws]|\[[a-z]-[a-z]\]|\(\?/.test(value)) {
          yield {
            span,
            message: `${operator} compares this text as it is, not as a regular expression`,
            hint: "use matches (Business and higher), or wildcard",
          };
        } else if (isWildcard && value.includes("?")) {
          yield { span, message: "? is an ordinary character in a wildcard; only * matches others" };
        } else if (!isWildcard && /(?:^|[/.])\*(?:$|[/.])/.test(value)) {
          yield { span, message: `${operator} compares * as it is`, hint: "use wildcard" };
        }
      }
    }
  },
};
