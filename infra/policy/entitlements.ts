import {
  compile,
  compileText,
  includesPlan,
  type Phase,
  PLAN_LIMITS,
  type Plan,
  periodsOf,
  planName,
  type Rule,
  redirectExpression,
  roomFor,
  timeoutsOf,
} from "../rules/index.ts";
import type { DeployedRule, PhaseRuleset } from "./rule.ts";

/** Why Cloudflare would refuse a part of the policy on the plan. */
export interface PolicyProblem {
  readonly code: string;
  readonly phase: Phase;
  /** Absent where the problem is the phase's as a whole. */
  readonly ref?: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * Everything that the plan does not allow or that no plan allows, before the API is asked: a refused rule in the middle of a run
 * would leave half a policy deployed. `standing` counts rules of adopted rulesets, which use the same room.
 */
export function entitlementProblems(
  rulesets: readonly PhaseRuleset[],
  plan: Plan,
  standing: Readonly<Partial<Record<Phase, number>>> = {},
): PolicyProblem[] {
  return rulesets.flatMap(({ phase, rules }) => [
    ...countProblems(phase, rules.length, standing[phase] ?? 0, plan),
    ...repeatedRefs(phase, rules),
    ...rules.flatMap((rule) =>
      [...expressionProblems(phase, rule, plan), ...ruleProblems(phase, rule, plan)].map((problem) => ({
        phase,
        ref: rule.ref,
        ...problem,
      })),
    ),
  ]);
}

type Found = Pick<PolicyProblem, "code" | "message" | "hint">;

function countProblems(phase: Phase, own: number, standing: number, plan: Plan): PolicyProblem[] {
  const room = roomFor(phase, plan);
  if (own + standing <= room) return [];
  const adopted = standing > 0 ? `, ${standing} of them adopted,` : "";
  return [
    {
      code: "too_many_rules",
      phase,
      message: `${own + standing} rules${adopted} in ${phase}; ${planName(plan)} has room for ${room}`,
      hint: "join rules of one action with `or`, remove some, or take a larger plan",
    },
  ];
}

function repeatedRefs(phase: Phase, rules: readonly DeployedRule[]): PolicyProblem[] {
  const repeated = new Set(rules.map(({ ref }) => ref).filter((ref, index, refs) => refs.indexOf(ref) !== index));
  return [...repeated].map((ref) => ({
    code: "repeated_ref",
    phase,
    ref,
    message: `two rules in ${phase} have the ref ${ref}`,
    hint: "a ref is a rule's identity: give each its own",
  }));
}

/** What the language itself has against the rule's expressions. */
function expressionProblems(phase: Phase, rule: Rule, plan: Plan): Found[] {
  const { expression, ratelimit } = rule;
  const target = redirectExpression(rule);
  const counting = ratelimit?.counting_expression;
  const compiled = [
    compile(expression, { phase, plan }),
    ...(counting === undefined ? [] : [compile(counting, { phase, plan, part: "counting" })]),
    ...(target === undefined ? [] : [compileText(target, { phase, plan })]),
  ];
  return compiled.flatMap((result) =>
    result.ok
      ? []
      : result.diagnostics
          .filter(({ severity }) => severity === "error")
          .map(({ code, message, hint }) => ({
            code,
            message,
            hint: hint ?? "see https://developers.cloudflare.com/ruleset-engine/rules-language/",
          })),
  );
}

function ruleProblems(phase: Phase, rule: DeployedRule, plan: Plan): Found[] {
  const found: Found[] = [];
  if (!/^[a-z0-9_]{1,64}$/.test(rule.ref)) {
    found.push({ code: "bad_ref", message: `"${rule.ref}" is no ref`, hint: "use a-z, 0-9 and _, up to 64" });
  }
  if (rule.action === "log" && !PLAN_LIMITS[plan].logAction) {
    found.push({
      code: "log_action",
      message: `${planName(plan)} has no log action`,
      hint: "try the rule on its examples instead",
    });
  }
  if (rule.action_parameters?.response !== undefined && !includesPlan(plan, "pro")) {
    found.push({
      code: "custom_response",
      message: `${planName(plan)} has no response of one's own for blocked requests`,
      hint: "leave `response` away: Cloudflare's page is shown",
    });
  }
  if (phase === "http_ratelimit") found.push(...rateLimitProblems(rule, plan));
  return found;
}

function rateLimitProblems({ ratelimit, action }: DeployedRule, plan: Plan): Found[] {
  const limits = PLAN_LIMITS[plan];
  if (ratelimit === undefined) {
    return [
      {
        code: "no_ratelimit",
        message: "a rule of http_ratelimit has no `ratelimit`",
        hint: "say how many and how often",
      },
    ];
  }
  const found: Found[] = [];
  const periods = periodsOf(plan);
  if (!periods.includes(ratelimit.period)) {
    found.push({
      code: "period",
      message: `${planName(plan)} has no period of ${ratelimit.period} s`,
      hint: `take one of ${periods.join(", ")}`,
    });
  }
  const timeouts = timeoutsOf(plan, action);
  const timeout = ratelimit.mitigation_timeout ?? 0;
  if (!timeouts.includes(timeout)) {
    found.push({
      code: "mitigation_timeout",
      message: `${planName(plan)} has no mitigation timeout of ${timeout} s for ${action}`,
      hint: `take one of ${timeouts.join(", ")}`,
    });
  }
  const unknown = ratelimit.characteristics.filter(
    (name) => name !== "cf.colo.id" && !includes(limits.rlCharacteristics, name),
  );
  if (unknown.length > 0) {
    found.push({
      code: "characteristics",
      message: `${planName(plan)} cannot count by ${unknown.join(", ")}`,
      hint: `count by ${limits.rlCharacteristics.join(" or ")}`,
    });
  }
  if (ratelimit.counting_expression !== undefined && !limits.rlCountingExpression) {
    found.push({
      code: "counting_expression",
      message: `${planName(plan)} has no counting expression`,
      hint: "leave it away: what the rule matches is counted",
    });
  }
  return found;
}

/** Whether a plan's list has the name; `*` has all. */
const includes = (names: readonly string[], name: string): boolean => names.includes("*") || names.includes(name);

/** Whether the plan's rate limiting rules may use the field. */
export const rateLimitSees = (plan: Plan, field: string): boolean => includes(PLAN_LIMITS[plan].rlFields, field);
