import { diagnoseCondition } from "../check/diagnose.ts";
import type { Rule } from "../engine/types.ts";
import type { Phase } from "../schema/phases.ts";
import type { Plan } from "../schema/plans.ts";
import { SCHEMA } from "../schema/schema.ts";
import type { LintInput, Policy, PolicyExpression, PolicyRule, PolicyRuleset } from "./lint.ts";

/** Parses and checks every expression of a policy, once. */
export function prepare(input: LintInput): Policy {
  const { plan } = input;
  const rulesets = input.rulesets.map(({ phase, name, rules }) => {
    const prepared: PolicyRule[] = [];
    const ruleset: PolicyRuleset = { phase, name: name ?? phase, rules: prepared };
    prepared.push(...rules.map((rule, index) => prepareRule(rule, index, ruleset, plan)));
    return ruleset;
  });
  return { input, plan, rulesets, rules: rulesets.flatMap(({ rules }) => rules) };
}

function prepareRule(rule: Rule, index: number, ruleset: PolicyRuleset, plan: Plan): PolicyRule {
  const { phase } = ruleset;
  const counting = rule.ratelimit?.counting_expression;
  return {
    rule,
    ruleset,
    phase,
    plan,
    index,
    label: rule.ref ?? rule.id ?? `rule ${index + 1}`,
    expression: prepareExpression(rule.expression, "expression", phase, plan),
    ...(counting && { counting: prepareExpression(counting, "counting", phase, plan) }),
  };
}

export function prepareExpression(
  text: string,
  part: "expression" | "counting",
  phase: Phase,
  plan: Plan,
): PolicyExpression {
  return { ...diagnoseCondition(text, { phase, plan, part, schema: SCHEMA }), text, part, phase, plan };
}
