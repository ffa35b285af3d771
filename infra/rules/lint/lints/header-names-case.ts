import type { Lint } from "../lint.ts";
import { comparisons, fieldOf, textLiterals } from "../visit.ts";

export const headerNamesCase: Lint = {
  name: "header-names-case",
  severity: "hint",
  about: "http.request.headers.names keeps the case that an HTTP/1.1 client sent; compare lower() of it.",
  *inExpression({ analysis: { condition }, text }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { left, test } = compared;
      if (!/^http\.(request|response)\.headers\.names$/.test(fieldOf(left) ?? "")) continue;
      if (test.kind === "wildcard" && !test.strict) continue;
      if (!textLiterals(compared).some(({ value }) => /[A-Za-z]/.test(value))) continue;
      const { span } = left.node;
      const name = text.slice(span.start, span.end);
      yield {
        span,
        message: "a client may send a header's name in any case over HTTP/1.1, and this list keeps it",
        hint: name.endsWith("[*]")
          ? `write: lower(${name})[*] …, with the name in lower case`
          : "compare lower() of it",
      };
    }
  },
};
