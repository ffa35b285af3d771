import type { Lint } from "../lint.ts";

export const disabledRule: Lint = {
  name: "disabled-rule",
  severity: "hint",
  about: "A rule that is not enabled counts against the plan's limit and does nothing.",
  *inRule({ rule }) {
    if (rule.enabled === false) yield { property: "enabled", message: "this rule is switched off" };
  },
};
