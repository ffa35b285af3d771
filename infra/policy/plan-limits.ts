import type { Plan } from "../rules/engine/types.ts";

/** What a plan has room for, as far as this policy could reach it. Periods and timeouts are seconds. */
export interface PlanLimits {
  readonly customRules: number;
  readonly rateLimitingRules: number;
  readonly cacheRules: number;
  /** Fields that the expression of a rate limiting rule may use; `all` on Enterprise. */
  readonly rateLimitFields: readonly string[] | "all";
  /** Values allowed on every plan are further limited to those of `RATE_LIMIT_PERIODS`. */
  readonly longestPeriod: number;
  readonly longestTimeout: number;
  /** Characteristics beside the mandatory `cf.colo.id`; `all` on Enterprise. */
  readonly characteristics: readonly string[] | "all";
  readonly countingExpression: boolean;
  /** The `log` action. */
  readonly logAction: boolean;
  /** `action_parameters.response` of `block`. */
  readonly customResponse: boolean;
}

const FREE_FIELDS = ["http.request.uri.path", "cf.client.bot"];
const PRO_FIELDS = [...FREE_FIELDS, "http.host", "http.request.uri", "http.request.full_uri", "http.request.uri.query"];
const BUSINESS_FIELDS = [...PRO_FIELDS, "http.request.method", "ip.src", "http.user_agent"];

/**
 * Cloudflare's plans as of 2026-11-22. Sources: https://developers.cloudflare.com/waf/custom-rules/#availability,
 * https://developers.cloudflare.com/waf/rate-limiting-rules/#availability, https://developers.cloudflare.com/cache/how-to/cache-rules/#availability
 */
export const PLAN_LIMITS: Readonly<Record<Plan, PlanLimits>> = {
  free: {
    customRules: 5,
    rateLimitingRules: 1,
    cacheRules: 10,
    rateLimitFields: FREE_FIELDS,
    longestPeriod: 10,
    longestTimeout: 10,
    characteristics: ["ip.src"],
    countingExpression: false,
    logAction: false,
    customResponse: false,
  },
  pro: {
    customRules: 20,
    rateLimitingRules: 2,
    cacheRules: 25,
    rateLimitFields: PRO_FIELDS,
    longestPeriod: 60,
    longestTimeout: 3600,
    characteristics: ["ip.src"],
    countingExpression: false,
    logAction: false,
    customResponse: true,
  },
  business: {
    customRules: 100,
    rateLimitingRules: 5,
    cacheRules: 50,
    rateLimitFields: BUSINESS_FIELDS,
    longestPeriod: 600,
    longestTimeout: 86_400,
    characteristics: ["ip.src", "cf.unique_visitor_id"],
    countingExpression: true,
    logAction: false,
    customResponse: true,
  },
  enterprise: {
    customRules: 1000,
    rateLimitingRules: 100,
    cacheRules: 300,
    rateLimitFields: "all",
    longestPeriod: 65_535,
    longestTimeout: 86_400,
    characteristics: "all",
    countingExpression: true,
    logAction: true,
    customResponse: true,
  },
};

/** Periods that the API accepts, where the plan's longest allows them; also mitigation timeouts, with 0 for challenges. */
export const RATE_LIMIT_PERIODS: readonly number[] = [
  10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2400, 3600,
];
