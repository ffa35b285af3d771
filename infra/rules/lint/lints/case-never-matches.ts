import type { Lint } from "../lint.ts";
import { callOf, comparisons, inLowerCase, textLiterals } from "../visit.ts";

export const caseNeverMatches: Lint = {
  name: "case-never-matches",
  severity: "warning",
  about: "lower(x) never equals or contains a text with upper-case letters, nor upper(x) one with lower-case letters.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const call = callOf(compared.left)?.name;
      if (call !== "lower" && call !== "upper") continue;
      const impossible = call === "lower" ? /[A-Z]/ : /[a-z]/;
      for (const { value, span, operator } of textLiterals(compared)) {
        if (operator === "matches" || operator === "wildcard" || !impossible.test(value)) continue;
        const isQuoted = text[span.start] === '"' && !text.slice(span.start, span.end).includes("\\");
        const written = text.slice(span.start, span.end);
        yield {
          span,
          message: `${call}() gives no ${call === "lower" ? "upper" : "lower"}-case letters, so that this never matches`,
          hint: `write the text in ${call} case`,
          ...(isQuoted && {
            fix: [{ span, text: call === "lower" ? inLowerCase(text, span) : written.toUpperCase() }],
          }),
        };
      }
    }
  },
};
