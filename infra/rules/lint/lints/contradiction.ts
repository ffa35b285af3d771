import type { Condition } from "../../check/typed.ts";
import { impossible, rangeOf } from "../domain.ts";
import type { Lint } from "../lint.ts";
import { conditions } from "../visit.ts";

export const contradiction: Lint = {
  name: "contradiction",
  severity: "warning",
  about: "Two conditions joined by and can never both be true.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const one of conditions(condition)) {
      if (one.kind !== "logical" || one.operator !== "and") continue;
      const seen: { readonly name: string; readonly node: Condition }[] = [];
      for (const item of one.items) {
        const range = rangeOf(item, text);
        if (!range) continue;
        const clash = seen.find((other) => other.name === range.name && impossible(other.node, item, text));
        if (clash) {
          yield {
            span: item.node.span,
            message:
              `this and ${text.slice(clash.node.node.span.start, clash.node.node.span.end)} are never true ` +
              "together",
            hint: "write or where one of them is enough",
          };
        }
        seen.push({ name: range.name, node: item });
      }
    }
  },
};
