/** Rulesets for the validator's tests. */
import {
  type Phase,
  type RulesetContext,
  type RulesetDiagnostic,
  validateRuleset,
} from "../../../../infra/rules/index.ts";

export const FIREWALL: Phase = "http_request_firewall_custom";
export const LIMITS: Phase = "http_ratelimit";
export const ZONE: RulesetContext = { level: "zone", plan: "enterprise" };
export const FREE: RulesetContext = { level: "zone", plan: "free" };

/** A rule that every plan accepts; `parts` replace members of it. */
export const block = (parts: object = {}): object => ({ ref: "r", action: "block", expression: "ssl", ...parts });

/** A rate limit that every plan accepts; `parts` replace members of it. */
export const limit = (parts: object = {}, rule: object = {}): object =>
  block({
    ratelimit: {
      characteristics: ["ip.src", "cf.colo.id"],
      period: 10,
      requests_per_period: 5,
      mitigation_timeout: 10,
      ...parts,
    },
    ...rule,
  });

/** What is wrong with one rule: codes and pointers. */
export function found(
  phase: Phase,
  rule: unknown,
  context: RulesetContext = ZONE,
): readonly (readonly [code: string, pointer: string])[] {
  return diagnostics(phase, rule, context).map(({ code, pointer }) => [code, pointer]);
}

export function diagnostics(phase: Phase, rule: unknown, context: RulesetContext = ZONE): readonly RulesetDiagnostic[] {
  return validateRuleset({ phase, rules: [rule] }, context);
}
