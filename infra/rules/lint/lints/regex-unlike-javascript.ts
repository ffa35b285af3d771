import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

const surprises: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/\\[<>]/, "\\< and \\> are the beginning and the end of a word here, not the characters"],
  [/\[[^\]]*(?:&&|~~|[^[^\\-]--)/, "&&, -- and ~~ inside a class are operations on sets here, not characters"],
  [/\[\^?[^\]\\]*\[(?!:)/, "a [ inside a class opens a nested class here; write \\[ for the character"],
  [/[*+?}]\+/, "a + after a repetition repeats it again here; there are no possessive repetitions"],
  [
    /(?:[^\\]|^)\.[*+?]?(?:[\x80-\xff])|[\x80-\xff][*+?{]/,
    "the pattern works on bytes: what follows a letter outside ASCII applies to its last byte alone",
  ],
];

export const regexUnlikeJavascript: Lint = {
  name: "regex-unlike-javascript",
  severity: "hint",
  about: "A pattern means something else here (Rust's regex crate, on bytes) than in JavaScript or PCRE.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node } = compared;
      if (test.kind !== "matches" || !node.right) continue;
      const found = surprises.find(([pattern]) => pattern.test(test.regex.pattern.replaceAll(/\\[^<>]/g, "a")));
      if (found) yield { span: node.right.span, message: found[1] };
    }
  },
};
