import type { Lint } from "../lint.ts";

export const skipScope: Lint = {
  name: "skip-scope",
  severity: "warning",
  about: 'A skip of phases or products does not stop the custom rules after it; only ruleset: "current" does.',
  *inPolicy({ rules }) {
    for (const one of rules) {
      const { action, action_parameters: parameters = {}, enabled } = one.rule;
      if (action !== "skip" || enabled === false || parameters.ruleset !== undefined || parameters.phase !== undefined)
        continue;
      if (parameters.phases === undefined && parameters.products === undefined) continue;
      const after = one.ruleset.rules
        .slice(one.index + 1)
        .filter(({ rule }) => rule.enabled !== false && rule.action !== "skip");
      if (after.length === 0) continue;
      yield {
        rule: one,
        property: "action_parameters",
        message:
          `${after.map(({ label }) => label).join(", ")} still ${after.length === 1 ? "runs" : "run"} for the ` +
          "requests that this skips",
        hint: 'add ruleset: "current" to skip them too',
      };
    }
  },
};
