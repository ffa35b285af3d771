import type { Lint } from "../lint.ts";

export const skipDoesNothing: Lint = {
  name: "skip-does-nothing",
  severity: "error",
  about: "A skip says what it skips: ruleset, phase, phases or products.",
  *inRule({ rule }) {
    if (rule.action !== "skip") return;
    const given = ["ruleset", "phase", "phases", "products"].some((key) => {
      const value = rule.action_parameters?.[key];
      return Array.isArray(value) ? value.length > 0 : value !== undefined;
    });
    if (!given) {
      yield {
        property: "action_parameters",
        message: "this skip skips nothing",
        hint: 'add ruleset: "current" to skip the rules after it, or phases or products',
      };
    }
  },
};
