/**
 * What each plan may do, as of 2026-11: https://developers.cloudflare.com/waf/custom-rules/#availability and
 * https://developers.cloudflare.com/waf/rate-limiting-rules/#availability.
 */
import limits from "./data/plan-limits.json" with { type: "json" };

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
}

export const PLAN_LIMITS: Readonly<Record<Plan, PlanLimits>> = limits.plans;

/** Seconds a rate limit may count over. */
export const ALLOWED_PERIODS: readonly number[] = limits.allowedPeriods;

/** Seconds a rate limit may act for. */
export const ALLOWED_MITIGATION_TIMEOUTS: readonly number[] = limits.allowedMitigationTimeouts;

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
