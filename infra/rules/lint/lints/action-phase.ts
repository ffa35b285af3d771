import { PHASE_SPECS } from "../../schema/phases.ts";
import type { Lint } from "../lint.ts";

export const actionPhase: Lint = {
  name: "action-phase",
  severity: "error",
  about: "The phase does not have the action.",
  *inRule({ rule, phase }) {
    const known = PHASE_SPECS[phase].actions;
    if (!known.includes(rule.action)) {
      yield {
        property: "action",
        message: `${phase} has no action ${rule.action}`,
        hint: `it has ${known.join(", ")}`,
      };
    }
  },
};
