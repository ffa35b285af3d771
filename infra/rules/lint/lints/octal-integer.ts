import type { Lint } from "../lint.ts";
import { walk } from "../walk.ts";

export const octalInteger: Lint = {
  name: "octal-integer",
  severity: "warning",
  about: "A leading 0 makes an integer octal: 0443 is 291.",
  *inExpression({ tree, analysis: { condition } }) {
    if (!condition) return;
    for (const node of walk(tree)) {
      if (node.kind !== "comparison") continue;
      const tokens = node.right?.kind === "items" ? node.right.items : node.right ? [node.right] : [];
      for (const token of tokens) {
        const octal = token.kind === "token" ? /^0([0-7]+)$/.exec(token.text)?.[1] : undefined;
        if (octal === undefined) continue;
        yield {
          span: token.span,
          message: `a leading 0 means octal: this is ${Number.parseInt(octal, 8)}`,
          hint: "leave the 0 out",
        };
      }
    }
  },
};
