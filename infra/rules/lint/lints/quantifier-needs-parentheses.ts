import type { Argument, Expression } from "../../language/ast.ts";
import type { Lint } from "../lint.ts";
import { walk } from "../walk.ts";

export const quantifierNeedsParentheses: Lint = {
  name: "quantifier-needs-parentheses",
  severity: "error",
  about:
    "An argument that begins with a name holds one comparison: any((a[*] … or b[*] …)) needs both pairs of " +
    "parentheses.",
  *inExpression({ text, tree, diagnostics }) {
    for (const node of walk(tree)) {
      const argument = argumentOf(node);
      if (argument?.kind !== "comparison") continue;
      const rest = /^[ \r\n]*(?:and|or|xor|&&|\|\||\^\^)/.exec(text.slice(argument.span.end));
      if (
        !rest ||
        !diagnostics.some(
          ({ span }) => span.start >= argument.span.end && span.start <= argument.span.end + rest[0].length,
        )
      ) {
        continue;
      }
      const close = closing(text, argument.span.start);
      if (close === undefined) continue;
      yield {
        span: {
          start: argument.span.end + rest[0].length - rest[0].trimStart().length,
          end: argument.span.end + rest[0].length,
        },
        message: "an argument that begins with a name holds one comparison only",
        hint: "put another pair of parentheses around the conditions",
        fix: [
          { span: { start: argument.span.start, end: argument.span.start }, text: "(" },
          { span: { start: close, end: close }, text: ")" },
        ],
      };
    }
  },
};

function argumentOf(node: Expression | Argument): Argument | undefined {
  return node.kind === "quantifier" ? node.argument : undefined;
}

/** Where the parenthesis around `from` closes. */
function closing(text: string, from: number): number | undefined {
  let open = 0;
  for (const match of text.slice(from).matchAll(/"(?:[^"\\]|\\.)*"|[()]/g)) {
    if (match[0] === "(") open += 1;
    else if (match[0] === ")" && open === 0) return from + match.index;
    else if (match[0] === ")") open -= 1;
  }
  return undefined;
}
