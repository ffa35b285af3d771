import type { Lint } from "../lint.ts";

export const commaInSet: Lint = {
  name: "comma-in-set",
  severity: "error",
  about: "The items of a set are divided by spaces; Cloudflare refuses a comma.",
  *inExpression({ text, diagnostics }) {
    for (const { span } of diagnostics) {
      const start = text.indexOf(",", span.start);
      if (start < 0 || start > span.end) continue;
      const open = text.lastIndexOf("{", start);
      const close = text.indexOf("}", start);
      if (open < 0 || close < 0 || text.slice(open, start).includes("}")) continue;
      const fix = [...text.slice(open, close).matchAll(/"(?:[^"\\]|\\.)*"|\s*,\s*/g)]
        .filter(([match]) => match.includes(",") && !match.startsWith('"'))
        .map((match) => ({
          span: { start: open + match.index, end: open + match.index + match[0].length },
          text: " ",
        }));
      yield {
        span: { start, end: start + 1 },
        message: "a set has no commas",
        hint: 'divide its items by spaces: {"a" "b"}',
        fix,
      };
      return;
    }
  },
};
