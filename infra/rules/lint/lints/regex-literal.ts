import { fromBytes } from "../../bytes.ts";
import type { Lint } from "../lint.ts";
import { literalPattern } from "../pattern.ts";
import { comparisons } from "../visit.ts";

export const regexLiteral: Lint = {
  name: "regex-literal",
  severity: "hint",
  about: "A pattern that is one plain text; eq, contains, starts_with and ends_with say the same on every plan.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, left, node } = compared;
      const literal = test.kind === "matches" ? literalPattern(test.regex.pattern) : undefined;
      const value = literal && fromBytes(literal.text);
      if (!literal || value === undefined) continue;
      const name = text.slice(left.node.span.start, left.node.span.end);
      const quoted = `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
      const written =
        literal.isAnchoredAtStart && literal.isAnchoredAtEnd
          ? `${name} eq ${quoted}`
          : literal.isAnchoredAtStart || literal.isAnchoredAtEnd
            ? compared.mapped
              ? undefined
              : `${literal.isAnchoredAtStart ? "starts_with" : "ends_with"}(${name}, ${quoted})`
            : `${name} contains ${quoted}`;
      if (written === undefined) continue;
      yield {
        span: node.span,
        message: "this needs no regular expression",
        hint: `write: ${written}`,
        fix: [{ span: node.span, text: written }],
      };
    }
  },
};
