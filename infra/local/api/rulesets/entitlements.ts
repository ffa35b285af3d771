/**
 * What a plan does not include, refused in the words of Cloudflare's answers as far as those are known; the other texts
 * begin like them ("not entitled to use").
 */
import {
  MANAGED_RULESETS,
  type Phase,
  PLAN_LIMITS,
  type Plan,
  periodsOf,
  type RateLimit,
  type Rule,
  roomFor,
  timeoutsOf,
} from "../../../rules/index.ts";
import { invalid, notEntitled } from "../errors.ts";

/** Rulesets of kind custom that a zone may have (https://developers.cloudflare.com/waf/custom-rules/custom-rulesets/). */
const customRulesets: Readonly<Record<Plan, number>> = { free: 1, pro: 2, business: 5, enterprise: 10 };

/** @throws 400 code 50002 where the phase would hold more rules than the plan has */
export function assertRuleCount(phase: Phase, plan: Plan, count: number): void {
  const most = roomFor(phase, plan);
  if (count > 0 && most === 0) throw notEntitled(`not entitled to use the phase ${phase}`, "/phase");
  if (count > most) {
    throw notEntitled(`not entitled to use more than ${most} rules in the phase ${phase}, got ${count}`, "/rules");
  }
}

/** @throws 400 code 50002: the WAF of a whole account is for Enterprise (https://developers.cloudflare.com/waf/account/) */
export function assertAccountPhase(phase: Phase, plan: Plan): void {
  const isWaf = phase.startsWith("http_request_firewall_") || phase === "http_ratelimit";
  if (isWaf && plan !== "enterprise") throw notEntitled(`not entitled to use the phase ${phase}`, "/phase");
}

/** @throws 400 code 50002 where the zone has all the custom rulesets that its plan allows */
export function assertCustomRulesets(plan: Plan, count: number): void {
  if (count > customRulesets[plan]) {
    throw notEntitled(`not entitled to use more than ${customRulesets[plan]} custom rulesets`, "/kind");
  }
}

/** @throws 400 where the plan has no such action, or not in this way */
export function assertEntitled(rule: Rule, plan: Plan, pointer: string): void {
  if (rule.action === "log" && !PLAN_LIMITS[plan].logAction) {
    throw notEntitled("not entitled to use the action log", `${pointer}/action`);
  }
  if (rule.action === "execute") assertManaged(rule, plan, pointer);
  if (rule.ratelimit) assertRateLimit(rule, rule.ratelimit, plan, `${pointer}/ratelimit`);
}

function assertManaged(rule: Rule, plan: Plan, pointer: string): void {
  const id = rule.action_parameters?.id;
  const name = Object.entries(MANAGED_RULESETS).find(([, known]) => known === id)?.[0];
  if (name !== undefined && !PLAN_LIMITS[plan].managed.includes(name)) {
    throw notEntitled(`not entitled to use the managed ruleset ${id}`, `${pointer}/action_parameters/id`);
  }
}

/** https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/ */
function assertRateLimit(rule: Rule, limit: RateLimit, plan: Plan, pointer: string): void {
  const limits = PLAN_LIMITS[plan];
  const timeout = limit.mitigation_timeout ?? 0;
  const periods = periodsOf(plan);
  if (!periods.includes(limit.period)) {
    throw notEntitled(
      `not entitled to use the period ${limit.period}, can only use a period among [${periods.join(" ")}]`,
      `${pointer}/period`,
    );
  }
  const timeouts = timeoutsOf(plan, rule.action);
  if (!timeouts.includes(timeout)) {
    const [only, ...more] = timeouts;
    const what =
      more.length > 0
        ? `the mitigation timeout ${timeout}, can only use a mitigation timeout among [${timeouts.join(" ")}]`
        : `a mitigation timeout different from ${only}${only === 0 ? ` with the action ${rule.action}` : ""}`;
    throw notEntitled(`not entitled to use ${what}`, `${pointer}/mitigation_timeout`);
  }
  if (limit.counting_expression && !limits.rlCountingExpression) {
    throw notEntitled("not entitled to use a counting expression", `${pointer}/counting_expression`);
  }
  assertCharacteristics(limit.characteristics, plan, `${pointer}/characteristics`);
}

function assertCharacteristics(characteristics: readonly string[], plan: Plan, pointer: string): void {
  // terraform-provider-cloudflare#1308; the numeric code is ours
  if (!characteristics.includes("cf.colo.id")) throw invalid(20000, "characteristics must include cf.colo.id", pointer);
  if (characteristics.includes("ip.src") && characteristics.includes("cf.unique_visitor_id")) {
    throw invalid(20000, "characteristics cannot have both ip.src and cf.unique_visitor_id", pointer);
  }
  const allowed = PLAN_LIMITS[plan].rlCharacteristics;
  const stray = characteristics.find(
    (name) => name !== "cf.colo.id" && !allowed.includes("*") && !allowed.includes(name),
  );
  if (stray !== undefined) {
    throw notEntitled(
      `not entitled to use the characteristic ${stray}, can only use [${allowed.join(" ")}] and cf.colo.id`,
      pointer,
    );
  }
}
