import type { Lint } from "../lint.ts";

export const commentInExpression: Lint = {
  name: "comment-in-expression",
  severity: "error",
  about: "Expressions have no comments; say it in the rule's description.",
  *inExpression({ text, diagnostics }) {
    for (const { span } of diagnostics) {
      const comment = /^\s*(#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/.exec(text.slice(span.start));
      if (!comment?.[1]) continue;
      const start = span.start + comment[0].length - comment[1].length;
      const at = { start, end: start + comment[1].length };
      yield {
        span: at,
        message: "expressions have no comments",
        hint: "put it into the rule's description",
        fix: [{ span: at, text: "" }],
      };
      return;
    }
  },
};
