import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const regexDoubleEscape: Lint = {
  name: "regex-double-escape",
  severity: "warning",
  about: "In quotes after matches a backslash is the pattern's own; doubled it matches a backslash.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node } = compared;
      const doubled =
        test.kind === "matches" ? /\\\\[.dwsbDWSB/*+?()[\]{}|$^-]/.exec(test.regex.pattern)?.[0] : undefined;
      if (!doubled || !node.right) continue;
      yield {
        span: node.right.span,
        message: `${doubled} matches a backslash, which no host, path or header has as a rule`,
        hint: `write ${doubled.slice(1)} for the escape, in quotes as in r"..."`,
      };
    }
  },
};
