import type { Lint } from "../lint.ts";
import { comparisons, plainField, textLiterals } from "../visit.ts";

export const methodCase: Lint = {
  name: "method-case",
  severity: "warning",
  about: "HTTP methods are upper case; get never equals GET.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (plainField(compared.left) !== "http.request.method") continue;
      for (const { value, span, operator } of textLiterals(compared)) {
        if (!/[a-z]/.test(value) || operator === "matches" || operator === "wildcard") continue;
        const written = text.slice(span.start, span.end);
        yield {
          span,
          message: "methods are in upper case, so that this never matches",
          ...(/^"[A-Za-z]*"$/.test(written) && { fix: [{ span, text: written.toUpperCase() }] }),
        };
      }
    }
  },
};
