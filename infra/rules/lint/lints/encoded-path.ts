import type { Lint } from "../lint.ts";
import { comparedField, comparisons, textLiterals } from "../visit.ts";

export const encodedPath: Lint = {
  name: "encoded-path",
  severity: "warning",
  about:
    "URL normalization decodes letters, digits and -._~ in the path; their percent-encoded form never arrives there.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (!/^http\.request\.uri(?:\.path)?$/.test(comparedField(compared.left) ?? "")) continue;
      for (const { value, span } of textLiterals(compared)) {
        const encoded = [...value.matchAll(/%([0-9A-Fa-f]{2})/g)].find(([, hex = ""]) =>
          /[A-Za-z0-9._~-]/.test(String.fromCharCode(Number.parseInt(hex, 16))),
        );
        if (!encoded) continue;
        const plain = String.fromCharCode(Number.parseInt(encoded[1] ?? "", 16));
        yield {
          span,
          message: `${encoded[0]} arrives as ${plain} where URL normalization is on`,
          hint: "compare raw.http.request.uri.path to see what the client sent",
        };
      }
    }
  },
};
