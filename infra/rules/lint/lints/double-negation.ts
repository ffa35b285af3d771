import type { Lint } from "../lint.ts";
import { walk } from "../walk.ts";

export const doubleNegation: Lint = {
  name: "double-negation",
  severity: "hint",
  about: "not not x is x.",
  *inExpression({ tree, text }) {
    for (const node of walk(tree)) {
      if (node.kind !== "not") continue;
      const inner = node.operand.kind === "group" ? node.operand.inner : node.operand;
      if (inner.kind !== "not") continue;
      const { start, end } = inner.operand.span;
      yield { span: node.span, message: "a double negation", fix: [{ span: node.span, text: text.slice(start, end) }] };
      return;
    }
  },
};
