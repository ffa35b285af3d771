/**
 * What each plan may do, as of 2026-11: https://developers.cloudflare.com/waf/custom-rules/#availability and
 * https://developers.cloudflare.com/waf/rate-limiting-rules/#availability.
 */
import limits from "./data/plan-limits.json" with { type: "json" };
import { type Action, PHASE_SPECS, type Phase, type RuleLimitName } from "./phases.ts";

/** Ascending. */
export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

export interface PlanLimits extends Readonly<Record<RuleLimitName, number>> {
  readonly regex: boolean;
  readonly logAction: boolean;
  /** Seconds. */
  readonly rlMaxPeriod: number;
  /** Seconds. */
  readonly rlMaxTimeout: number;
  readonly rlCountingExpression: boolean;
  /** `*` is any. */
  readonly rlCharacteristics: readonly string[];
  /** Fields of a rate limiting rule's expression; `*` is any. */
  readonly rlFields: readonly string[];
  readonly lists: number;
  readonly listItems: number;
  /** Rulesets of kind custom in a zone: https://developers.cloudflare.com/waf/custom-rules/custom-rulesets/. */
  readonly customRulesets: number;
  readonly maxUploadMb: number;
  /** Names of MANAGED_RULESETS. */
  readonly managed: readonly string[];
}

/**
 * Numbers of bulk redirect rules: https://developers.cloudflare.com/rules/url-forwarding/bulk-redirects/#availability.
 */
export const PLAN_LIMITS: Readonly<Record<Plan, PlanLimits>> = {
  free: { ...limits.plans.free, bulkRedirectRules: 15, customRulesets: 1 },
  pro: { ...limits.plans.pro, bulkRedirectRules: 15, customRulesets: 2 },
  business: { ...limits.plans.business, bulkRedirectRules: 15, customRulesets: 5 },
  enterprise: { ...limits.plans.enterprise, bulkRedirectRules: 50, customRulesets: 10 },
};

/** Ids of Cloudflare's managed rulesets by name. */
export const MANAGED_RULESETS: Readonly<Record<string, string>> = limits.managedRulesets;

/** Most rules of one ruleset. */
export const MAX_RULES = 1000;

/** Most rules of a phase; `MAX_RULES` where no smaller number is documented. */
export function maxRulesOf(phase: Phase, plan: Plan): number {
  const { ruleLimit = MAX_RULES } = PHASE_SPECS[phase];
  return typeof ruleLimit === "number" ? ruleLimit : PLAN_LIMITS[plan][ruleLimit];
}

/** Seconds a rate limit may count over. */
export const ALLOWED_PERIODS: readonly number[] = limits.allowedPeriods;

/** Those that the API's page on parameters names as well. */
export const PERIODS_OF_EVERY_PAGE: readonly number[] = [10, 60, 120, 300, 600, 3600];

/**
 * Characteristics that the documentation names:
 * https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/#with-the-same-characteristics. The API takes
 * others.
 */
export const DOCUMENTED_CHARACTERISTIC = new RegExp(
  `^(?:${[
    "cf\\.colo\\.id",
    "ip\\.src(?:\\.(?:asnum|country))?",
    "ip\\.geoip\\.(?:asnum|country)",
    "cf\\.unique_visitor_id",
    "http\\.host",
    "http\\.request\\.uri\\.path",
    "cf\\.bot_management\\.(?:ja3_hash|ja4)",
    'http\\.request\\.(?:headers|cookies|uri\\.args|body\\.form)\\["[^"]+"\\]',
    "http\\.request\\.body\\.raw",
    "lookup_json_string\\(.+\\)",
    "(?:lower|upper|url_decode|substring|concat|sha256)\\(.+\\)",
  ].join("|")})$`,
);

/** Seconds a rate limit may act for. */
const ALLOWED_MITIGATION_TIMEOUTS: readonly number[] = limits.allowedMitigationTimeouts;

/** Seconds that a plan's rate limits may count over, ascending. */
export function periodsOf(plan: Plan): readonly number[] {
  return ALLOWED_PERIODS.filter((period) => period <= PLAN_LIMITS[plan].rlMaxPeriod);
}

/**
 * Seconds that a plan's rate limits with an action may act for, ascending. 0 throttles, which only Enterprise has; a
 * challenge lasts as long as the visitor's clearance, so that below Enterprise it has no time of its own and takes 0.
 */
export function timeoutsOf(plan: Plan, action: Action): readonly number[] {
  if (plan === "enterprise") return ALLOWED_MITIGATION_TIMEOUTS;
  if (action.endsWith("challenge")) return [0];
  return ALLOWED_MITIGATION_TIMEOUTS.filter((timeout) => timeout > 0 && timeout <= PLAN_LIMITS[plan].rlMaxTimeout);
}

/** Whether the plan's rate limits with an action may act for this long. Enterprise may choose any number of seconds. */
export function allowsTimeout(plan: Plan, action: Action, timeout: number): boolean {
  return plan === "enterprise"
    ? timeout >= 0 && timeout <= PLAN_LIMITS[plan].rlMaxTimeout
    : timeoutsOf(plan, action).includes(timeout);
}

/** Whether the documentation lists a field for the plan's rate limiting rules. */
export function rateLimitSees(plan: Plan, field: string): boolean {
  const { rlFields } = PLAN_LIMITS[plan];
  return rlFields.includes("*") || rlFields.includes(field);
}

/** Whether a plan includes what needs at least another. */
export function includesPlan(plan: Plan, needed: Plan): boolean {
  return PLANS.indexOf(plan) >= PLANS.indexOf(needed);
}

/** The plans from this one on, in words: `Pro or higher`, and `Enterprise`, above which there is none. */
export function planFrom(plan: Plan): string {
  return plan === PLANS.at(-1) ? planName(plan) : `${planName(plan)} or higher`;
}

/** A plan's name as Cloudflare writes it. */
export function planName(plan: Plan): string {
  return plan.charAt(0).toUpperCase() + plan.slice(1);
}
