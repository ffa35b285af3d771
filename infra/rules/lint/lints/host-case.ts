import type { Lint } from "../lint.ts";
import { comparisons, plainField, textLiterals } from "../visit.ts";

const exact = ["eq", "ne", "in", "contains", "strict wildcard"];

export const hostCase: Lint = {
  name: "host-case",
  severity: "hint",
  about: "http.host is as the client sent it; a comparison without lower() misses EXAMPLE.com.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (plainField(compared.left) !== "http.host") continue;
      if (!textLiterals(compared).some(({ operator, value }) => exact.includes(operator) && /[A-Za-z]/.test(value)))
        continue;
      yield {
        span: compared.left.node.span,
        message: "a client may send the host in any case, and this comparison tells cases apart",
        hint: "write: lower(http.host) …, or use wildcard",
      };
    }
  },
};
