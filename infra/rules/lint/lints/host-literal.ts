import type { Lint } from "../lint.ts";
import { comparedField, comparisons, textLiterals } from "../visit.ts";

export const hostLiteral: Lint = {
  name: "host-literal",
  severity: "warning",
  about: "A host is compared with something that no host is: with a scheme, a path, a port or white space.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (comparedField(compared.left) !== "http.host") continue;
      for (const { value, span, operator } of textLiterals(compared)) {
        if (operator === "matches") continue;
        const found = /^[a-z]+:\/\//i.exec(value)
          ? "a scheme"
          : /\//.test(value)
            ? "a path"
            : /\s/.test(value)
              ? "white space"
              : /:(?:80|443)$/.test(value)
                ? "a standard port"
                : undefined;
        if (found)
          yield {
            span,
            message: `no host contains ${found}, so that this never matches`,
            hint: "write the host name alone",
          };
      }
    }
  },
};
