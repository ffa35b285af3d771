import type { Lint } from "../lint.ts";
import { comparedField, comparisons } from "../visit.ts";

const fields = ["http.host", "http.referer", "http.request.full_uri", "http.request.uri.path", "http.request.uri"];

export const regexUnescapedDot: Lint = {
  name: "regex-unescaped-dot",
  severity: "warning",
  about:
    "An unescaped dot between letters in a pattern for a host or path matches any character: example.com matches " +
    "exampleXcom.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, node, left } = compared;
      if (test.kind !== "matches" || !node.right || !fields.includes(comparedField(left) ?? "")) continue;
      const dot =
        /(?<![\\[])[A-Za-z0-9]\.(?:com|net|org|io|dev|php|asp|aspx|js|css|html|[a-z]{2})(?![A-Za-z*+?{])/.exec(
          test.regex.pattern,
        );
      if (dot) {
        yield {
          span: node.right.span,
          message: `the dot in ${dot[0]} matches any character`,
          hint: "write \\. for a dot",
        };
      }
    }
  },
};
