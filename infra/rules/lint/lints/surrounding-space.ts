import type { Lint } from "../lint.ts";

export const surroundingSpace: Lint = {
  name: "surrounding-space",
  severity: "hint",
  about: "White space around an expression; the dashboard and the API show it as a change.",
  *inExpression({ text }) {
    const trimmed = text.trim();
    if (trimmed === text || trimmed === "") return;
    const span = { start: 0, end: text.length };
    yield { span, message: "there is white space around the expression", fix: [{ span, text: trimmed }] };
  },
};
