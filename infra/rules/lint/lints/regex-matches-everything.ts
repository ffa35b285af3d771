import { nullable } from "../../regex/node.ts";
import { parsePattern } from "../../regex/parser.ts";
import { trim } from "../../regex/trim.ts";
import type { Lint } from "../lint.ts";
import { comparisons, textLiterals } from "../visit.ts";

export const regexMatchesEverything: Lint = {
  name: "regex-matches-everything",
  severity: "warning",
  about: "A pattern or text that every value matches, such as .*, * or the empty text.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test } = compared;
      for (const { value, span, operator } of textLiterals(compared)) {
        const everything =
          operator === "matches" && test.kind === "matches"
            ? isAlways(value)
            : operator === "contains"
              ? value === ""
              : /wildcard/.test(operator) && /^\*+$/.test(value);
        if (everything)
          yield { span, message: "every value matches this", hint: "leave the comparison out, or say what is meant" };
      }
    }
  },
};

/** Whether a pattern matches the empty text at every place. */
function isAlways(pattern: string): boolean {
  const { node } = parsePattern(pattern);
  const hasLook = /[\^$]|\\[bBAz<>]/.test(pattern);
  return /^\^\.\*\$?$/.test(pattern) || (!hasLook && nullable(trim(node)));
}
