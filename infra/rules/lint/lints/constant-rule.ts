import type { Condition } from "../../check/typed.ts";
import type { Lint } from "../lint.ts";

export const constantRule: Lint = {
  name: "constant-rule",
  severity: "warning",
  about:
    "The expression is always true, so that the rule concerns every request, or always false, so that it does nothing.",
  *inExpression({ analysis: { condition }, tree, part }) {
    if (!condition) return;
    const value = constant(condition);
    if (value === undefined || (value && part === "counting")) return;
    yield {
      span: tree.span,
      message: value ? "this is true for every request" : "this is never true, so that the rule does nothing",
      hint: value ? "say which requests are meant" : "remove the rule or correct its expression",
    };
  },
};

/** What a condition always is; undefined where it depends on the request. */
function constant(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case "truth":
      return condition.left.source.kind === "field" && condition.left.source.field.name === "true" ? true : undefined;
    case "not": {
      const inner = constant(condition.operand);
      return inner === undefined ? undefined : !inner;
    }
    case "compare": {
      const { test } = condition;
      const isEmpty =
        (test.kind === "texts" && test.values.length === 0) ||
        ((test.kind === "integers" || test.kind === "addresses") && test.ranges.length === 0);
      return isEmpty && !condition.mapped ? false : undefined;
    }
    case "logical": {
      const items = condition.items.map(constant);
      const decides = condition.operator === "or";
      if (condition.operator === "xor") return undefined;
      if (items.includes(decides)) return decides;
      return items.every((item) => item === !decides) ? !decides : undefined;
    }
    case "quantifier":
      return undefined;
  }
}
