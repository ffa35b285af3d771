import type { Lint } from "../lint.ts";
import { callOf, comparisons } from "../visit.ts";

export const wildcardWithLower: Lint = {
  name: "wildcard-with-lower",
  severity: "hint",
  about: "wildcard ignores case by itself; lower() and upper() in front of it do nothing.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const call = callOf(compared.left);
      if (compared.test.kind !== "wildcard" || compared.test.strict || !call?.inner) continue;
      if (call.name !== "lower" && call.name !== "upper") continue;
      const { span } = compared.left.node;
      const inner = call.inner.node.span;
      yield {
        span,
        message: `wildcard ignores case; ${call.name}() does nothing here`,
        fix: [{ span, text: text.slice(inner.start, inner.end) }],
      };
    }
  },
};
