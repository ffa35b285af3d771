import { longestSafeInput } from "../../regex/cost.ts";
import { parsePattern } from "../../regex/parser.ts";
import { trim } from "../../regex/trim.ts";
import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const regexBacktracks: Lint = {
  name: "regex-backtracks",
  severity: "hint",
  about:
    "The pattern is harmless at Cloudflare, which runs in linear time, but would let a visitor hang a backtracking " +
    "engine.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node } = compared;
      if (test.kind !== "matches" || !node.right || longestSafeInput(trim(parsePattern(test.regex.pattern).node)) > 0)
        continue;
      yield {
        span: node.right.span,
        message: "Cloudflare matches this in linear time, but a backtracking engine can take exponential time",
        hint: "do not copy it into a Worker or the origin as it is",
      };
    }
  },
};
