import { diagnoseCondition } from "../check/diagnose.ts";
import type { Rule } from "../engine/types.ts";
import type { Phase } from "../schema/phases.ts";
import type { Plan } from "../schema/plans.ts";
import { SCHEMA } from "../schema/schema.ts";
import type { LintInput, PolicyExpression, PolicyRuleset, PreparedPolicy, PreparedRule } from "./lint.ts";

/** Parses and checks every expression of a policy, once. Rules that are not `readable` are left out. */
export function prepare(input: LintInput, readable: (ruleset: number, rule: number) => boolean): PreparedPolicy {
  const { plan } = input;
  const rulesets = input.rulesets.map(({ phase, name, rules }, place) => {
    const prepared: PreparedRule[] = [];
    const ruleset: PolicyRuleset = { phase, name: name ?? phase, rules: prepared };
    for (const [index, rule] of rules.entries())
      if (readable(place, index)) prepared.push(prepareRule(rule, index, ruleset, plan));
    return ruleset;
  });
  return { input, plan, rulesets, rules: rulesets.flatMap(({ rules }) => rules) };
}

/** How a rule is named: by its `ref`, its id, or its place. */
export function labelOf(rule: Partial<Pick<Rule, "ref" | "id">> | null, index: number): string {
  const name = rule?.ref ?? rule?.id;
  return typeof name === "string" ? name : `rule ${index + 1}`;
}

function prepareRule(rule: Rule, index: number, ruleset: PolicyRuleset, plan: Plan): PreparedRule {
  const { phase } = ruleset;
  const counting = rule.ratelimit?.counting_expression;
  return {
    rule,
    ruleset,
    phase,
    plan,
    index,
    label: labelOf(rule, index),
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
  const { tree, analysis, diagnostics } = diagnoseCondition(text, { phase, plan, part, schema: SCHEMA });
  const isTooLong = diagnostics.some(({ code }) => code === "expression-too-long");
  const { condition, ...uses } = analysis;
  return {
    text,
    tree,
    analysis: { ...uses, ...(condition && !isTooLong && { condition }) },
    diagnostics,
    isTooLong,
    part,
    phase,
    plan,
  };
}
