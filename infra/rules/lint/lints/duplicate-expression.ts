import { print } from "../../language/print.ts";
import type { Lint, PreparedRule } from "../lint.ts";

export const duplicateExpression: Lint = {
  name: "duplicate-expression",
  severity: "warning",
  about: "Two rules of a ruleset have the same expression and do the same, with the same parameters.",
  *inPolicy({ rulesets }) {
    for (const { rules } of rulesets) {
      const seen = new Map<string, PreparedRule>();
      for (const rule of rules) {
        if (!rule.expression.analysis.condition) continue;
        const { action, action_parameters, ratelimit } = rule.rule;
        const key = JSON.stringify([
          print(rule.expression.tree),
          action,
          inOrder(action_parameters),
          inOrder(ratelimit),
        ]);
        const first = seen.get(key);
        if (first)
          yield { rule, property: "expression", message: `${first.label} has the same expression and does the same` };
        seen.set(key, first ?? rule);
      }
    }
  },
};

/** The same value with the keys of its objects in order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, element]) => [key, inOrder(element)]),
  );
}
