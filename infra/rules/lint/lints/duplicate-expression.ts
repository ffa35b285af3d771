import { print } from "../../language/print.ts";
import type { Lint, PolicyRule } from "../lint.ts";

export const duplicateExpression: Lint = {
  name: "duplicate-expression",
  severity: "warning",
  about: "Two rules of a ruleset have the same expression and action.",
  *inPolicy({ rulesets }) {
    for (const { rules } of rulesets) {
      const seen = new Map<string, PolicyRule>();
      for (const rule of rules) {
        if (!rule.expression.analysis.condition) continue;
        const key = JSON.stringify([print(rule.expression.tree), rule.rule.action, rule.rule.ratelimit]);
        const first = seen.get(key);
        if (first)
          yield { rule, property: "expression", message: `${first.label} has the same expression and does the same` };
        seen.set(key, first ?? rule);
      }
    }
  },
};
