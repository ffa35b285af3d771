import type { Lint } from "../lint.ts";

const terminating = ["block", "challenge", "js_challenge", "managed_challenge"];

export const skipTooLate: Lint = {
  name: "skip-too-late",
  severity: "warning",
  about: "A skip of the ruleset comes after every rule that it could bypass.",
  *inPolicy({ rules }) {
    for (const one of rules) {
      const { action, action_parameters: parameters = {}, enabled } = one.rule;
      if (action !== "skip" || enabled === false || parameters.ruleset !== "current") continue;
      if (parameters.phases !== undefined || parameters.products !== undefined) continue;
      const acts = ({ rule }: { rule: { enabled?: boolean; action: string } }) =>
        rule.enabled !== false && terminating.includes(rule.action);
      const before = one.ruleset.rules.slice(0, one.index).filter(acts);
      if (before.length === 0 || one.ruleset.rules.slice(one.index + 1).some(acts)) continue;
      yield {
        rule: one,
        property: "action_parameters.ruleset",
        message: `nothing is left to skip: ${before.map(({ label }) => label).join(", ")} ran before`,
        hint: "put the skip in front of the rules that it should bypass",
      };
    }
  },
};
