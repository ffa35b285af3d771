import type { Lint } from "../lint.ts";
import { comparisons, plainField, textLiterals } from "../visit.ts";

export const extensionDot: Lint = {
  name: "extension-dot",
  severity: "warning",
  about: "http.request.uri.path.extension is in lower case and has no dot.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (!/uri\.path\.extension$/.test(plainField(compared.left) ?? "")) continue;
      for (const { value, span, operator } of textLiterals(compared)) {
        if (!["eq", "ne", "in"].includes(operator) || (!value.startsWith(".") && !/[A-Z]/.test(value))) continue;
        const isPlain = /^"\.?[A-Za-z0-9]*"$/.test(text.slice(span.start, span.end));
        yield {
          span,
          message: "an extension is in lower case and without its dot, so that this never matches",
          ...(isPlain && { fix: [{ span, text: `"${value.replace(/^\./, "").toLowerCase()}"` }] }),
        };
      }
    }
  },
};
