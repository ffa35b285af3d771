import type { Lint } from "../lint.ts";
import { comparedField, comparisons, textLiterals } from "../visit.ts";

const paths = ["http.request.uri.path", "raw.http.request.uri.path"];
const queries = ["http.request.uri.query", "raw.http.request.uri.query"];

export const pathLiteral: Lint = {
  name: "path-literal",
  severity: "warning",
  about: "A path begins with / and has no query; a query has no leading ?.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const field = comparedField(compared.left) ?? "";
      for (const { value, span, operator } of textLiterals(compared)) {
        if (operator === "matches") continue;
        const whole = operator === "eq" || operator === "ne" || operator === "in";
        if (paths.includes(field)) {
          if (value.includes("?"))
            yield {
              span,
              message: "a path has no query, so that this never matches",
              hint: "use http.request.uri for path and query together",
            };
          else if (whole && !/^[/*]/.test(value))
            yield { span, message: "every path begins with /, so that this never matches" };
        } else if (queries.includes(field) && value.startsWith("?") && operator !== "contains") {
          yield { span, message: "the query has no ? at its beginning, so that this never matches" };
        }
      }
    }
  },
};
