import type { Lint } from "../lint.ts";
import { callOf, readers } from "../visit.ts";

export const substringBounds: Lint = {
  name: "substring-bounds",
  severity: "warning",
  about: "substring(x, start, end) is empty where start is not before end.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const reader of readers(condition)) {
      const call = callOf(reader);
      if (call?.name !== "substring") continue;
      const [start, end] = call.arguments
        .slice(1)
        .map((one) => (one.kind === "literal" ? Number(one.value) : undefined));
      if (start === undefined || end === undefined || start < 0 !== end < 0 || start < end) continue;
      yield { span: reader.node.span, message: `from ${start} to ${end} there is nothing; the end is exclusive` };
    }
  },
};
