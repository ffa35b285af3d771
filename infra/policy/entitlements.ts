import type { Phase, Plan } from "../rules/engine/types.ts";
import { EXPRESSION_LIMIT } from "./expression.ts";
import { PLAN_LIMITS, RATE_LIMIT_PERIODS } from "./plan-limits.ts";
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
      ruleProblems(phase, rule, plan).map((problem) => ({ phase, ref: rule.ref, ...problem })),
    ),
  ]);
}

type Found = Pick<PolicyProblem, "code" | "message" | "hint">;

function countProblems(phase: Phase, own: number, standing: number, plan: Plan): PolicyProblem[] {
  const limits = PLAN_LIMITS[plan];
  const roomOf: Partial<Record<Phase, number>> = {
    http_request_firewall_custom: limits.customRules,
    http_ratelimit: limits.rateLimitingRules,
    http_request_cache_settings: limits.cacheRules,
  };
  const room = roomOf[phase];
  if (room === undefined || own + standing <= room) return [];
  const adopted = standing > 0 ? `, ${standing} of them adopted,` : "";
  return [
    {
      code: "too_many_rules",
      phase,
      message: `${own + standing} rules${adopted} in ${phase}; the ${plan} plan has room for ${room}`,
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

function ruleProblems(phase: Phase, rule: DeployedRule, plan: Plan): Found[] {
  const limits = PLAN_LIMITS[plan];
  const found: Found[] = [];
  if (!/^[a-z0-9_]{1,64}$/.test(rule.ref)) {
    found.push({ code: "bad_ref", message: `"${rule.ref}" is no ref`, hint: "use a-z, 0-9 and _, up to 64" });
  }
  if (rule.expression.length > EXPRESSION_LIMIT) {
    found.push({
      code: "expression_too_long",
      message: `the expression has ${rule.expression.length} characters; Cloudflare takes ${EXPRESSION_LIMIT}`,
      hint: "compare by prefix instead of listing, or deploy fewer hostnames",
    });
  }
  if (rule.action === "log" && !limits.logAction) {
    found.push({
      code: "log_action",
      message: `the ${plan} plan has no log action`,
      hint: "try the rule on its examples",
    });
  }
  if (rule.action_parameters?.response !== undefined && !limits.customResponse) {
    found.push({
      code: "custom_response",
      message: `the ${plan} plan has no response of one's own for blocked requests`,
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
  const periods = RATE_LIMIT_PERIODS.filter((period) => period <= limits.longestPeriod);
  if (!periods.includes(ratelimit.period)) {
    found.push({
      code: "period",
      message: `a period of ${ratelimit.period} s is not among those of the ${plan} plan`,
      hint: `take one of ${periods.join(", ")}`,
    });
  }
  const timeouts = [
    ...(action === "block" && plan !== "enterprise" ? [] : [0]),
    ...RATE_LIMIT_PERIODS.filter((timeout) => timeout <= limits.longestTimeout),
    ...(limits.longestTimeout >= 86_400 ? [86_400] : []),
  ];
  if (!timeouts.includes(ratelimit.mitigation_timeout ?? 0)) {
    found.push({
      code: "mitigation_timeout",
      message: `a mitigation timeout of ${ratelimit.mitigation_timeout ?? 0} s is not among those of the ${plan} plan`,
      hint: `take one of ${timeouts.join(", ")}`,
    });
  }
  const others = ratelimit.characteristics.filter((name) => name !== "cf.colo.id");
  const unknown = others.filter((name) => limits.characteristics !== "all" && !limits.characteristics.includes(name));
  if (unknown.length > 0) {
    found.push({
      code: "characteristics",
      message: `the ${plan} plan cannot count by ${unknown.join(", ")}`,
      hint: `count by ${limits.characteristics === "all" ? "ip.src" : limits.characteristics.join(" or ")}`,
    });
  }
  if (ratelimit.counting_expression !== undefined && !limits.countingExpression) {
    found.push({
      code: "counting_expression",
      message: `the ${plan} plan has no counting expression`,
      hint: "leave it away: what the rule matches is counted",
    });
  }
  return found;
}
