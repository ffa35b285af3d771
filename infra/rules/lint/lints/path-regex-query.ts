import type { Lint } from "../lint.ts";
import { walkPattern } from "../pattern.ts";
import { comparedField, comparisons } from "../visit.ts";

export const pathRegexQuery: Lint = {
  name: "path-regex-query",
  severity: "warning",
  about: "A regular expression on the path asks for a literal ?, which no path has.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { test, left, node } = compared;
      if (test.kind !== "matches" || !node.right || !(comparedField(left) ?? "").endsWith("uri.path")) continue;
      const asks = [...walkPattern(test.regex.pattern)].some(
        (part) => part.kind === "bytes" && part.set.join() === "63,63",
      );
      if (asks) {
        yield {
          span: node.right.span,
          message: "a path never contains ?, so that this part of the pattern never matches",
          hint: "use http.request.uri for path and query together",
        };
      }
    }
  },
};
