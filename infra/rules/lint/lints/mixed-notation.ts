import type { Lint } from "../lint.ts";

export const mixedNotation: Lint = {
  name: "mixed-notation",
  severity: "hint",
  about: "English operators (and, eq) and C-like ones (&&, ==) in one expression.",
  *inExpression({ text, tree, diagnostics }) {
    if (diagnostics.length > 0) return;
    // Literals may hold anything.
    const code = text.replaceAll(/r(#*)"[\s\S]*?"\1|"(?:[^"\\]|\\.)*"/g, (literal) => "_".repeat(literal.length));
    const symbol = /&&|\|\||\^\^|==|!=|<=|>=|<|>|!|~/.exec(code);
    if (symbol && /\b(?:and|or|xor|not|eq|ne|lt|le|gt|ge)\b/.test(code)) {
      yield {
        span: { start: symbol.index, end: symbol.index + symbol[0].length },
        message: `${symbol[0]} is used beside operators in words`,
        hint: tree.kind === "logical" ? "use one notation; the formatter writes words" : "use one notation",
      };
    }
  },
};
