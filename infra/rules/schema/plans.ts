/**
 * What each plan may do, as of 2026-11: https://developers.cloudflare.com/waf/custom-rules/#availability and
 * https://developers.cloudflare.com/waf/rate-limiting-rules/#availability.
 */
import limits from "./data/plan-limits.json" with { type: "json" };
import type { Action, Phase } from "./phases.ts";

/** Ascending. */
export const PLANS = ["free", "pro", "business", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

export interface PlanLimits {
  readonly customRules: number;
  readonly regex: boolean;
  readonly logAction: boolean;
  readonly rateLimitRules: number;
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
  readonly transformRules: number;
  readonly configRules: number;
  readonly customErrorRules: number;
  readonly maxUploadMb: number;
  /** Names of MANAGED_RULESETS. */
  readonly managed: readonly string[];
}

export const PLAN_LIMITS: Readonly<Record<Plan, PlanLimits>> = limits.plans;

/** Ids of Cloudflare's managed rulesets by name. */
export const MANAGED_RULESETS: Readonly<Record<string, string>> = limits.managedRulesets;

/** Which limit counts the rules of a phase; a number is that of every plan. */
const ROOM: Readonly<Record<Phase, (keyof PlanLimits & `${string}Rules`) | number>> = {
  http_request_firewall_custom: "customRules",
  http_ratelimit: "rateLimitRules",
  http_request_firewall_managed: 1000,
  http_request_dynamic_redirect: "configRules",
  http_request_transform: "transformRules",
  http_request_late_transform: "transformRules",
  http_request_origin: "configRules",
  http_request_cache_settings: "configRules",
  http_config_settings: "configRules",
  http_response_headers_transform: "transformRules",
  http_custom_errors: "customErrorRules",
};

/** Rules that a phase has room for. */
export function roomFor(phase: Phase, plan: Plan): number {
  const room = ROOM[phase];
  return typeof room === "number" ? room : PLAN_LIMITS[plan][room];
}

/** Seconds a rate limit may count over. */
export const ALLOWED_PERIODS: readonly number[] = limits.allowedPeriods;

/** Seconds a rate limit may act for. */
export const ALLOWED_MITIGATION_TIMEOUTS: readonly number[] = limits.allowedMitigationTimeouts;

/** Seconds that a plan's rate limits may count over, ascending. */
export function periodsOf(plan: Plan): readonly number[] {
  return ALLOWED_PERIODS.filter((period) => period <= PLAN_LIMITS[plan].rlMaxPeriod);
}

/**
 * Seconds that a plan's rate limits with an action may act for, ascending. 0 throttles, which only Enterprise has; a challenge lasts as
 * long as the visitor's clearance, so that below Enterprise it has no time of its own and 0 stands for that.
 */
export function timeoutsOf(plan: Plan, action: Action): readonly number[] {
  if (plan === "enterprise") return ALLOWED_MITIGATION_TIMEOUTS;
  if (action.endsWith("challenge")) return [0];
  return ALLOWED_MITIGATION_TIMEOUTS.filter((timeout) => timeout > 0 && timeout <= PLAN_LIMITS[plan].rlMaxTimeout);
}

/** Whether a plan includes what needs at least another. */
export function includesPlan(plan: Plan, needed: Plan): boolean {
  return PLANS.indexOf(plan) >= PLANS.indexOf(needed);
}

/** A plan's name as Cloudflare writes it. */
export function planName(plan: Plan): string {
  return plan.charAt(0).toUpperCase() + plan.slice(1);
}

/** Characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 4096;

/** Regular expressions of one rule. */
export const MAX_REGEXES = 64;
