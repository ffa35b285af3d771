/**
 * What `ratelimit` may hold on a plan and level: https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/
 */
import type { Action, Phase } from "../schema/phases.ts";
import {
  ALLOWED_PERIODS,
  allowsTimeout,
  PLAN_LIMITS,
  PLANS,
  type Plan,
  periodsOf,
  planFrom,
  planName,
  timeoutsOf,
} from "../schema/plans.ts";
import { below, kindOf, notEntitled, type RulesetValue, type Tell } from "./diagnostic.ts";
import { type CheckedExpression, checkValueExpression } from "./expression.ts";
import { customLists } from "./lists.ts";
import { isObject } from "./shape.ts";

/** The rule and ruleset of a rate limit. */
export interface RateLimitContext {
  readonly phase: Phase;
  readonly plan: Plan;
  readonly level: "zone" | "account";
  readonly action: Action | undefined;
  /** Place of the rule's expression. */
  readonly rule: RulesetValue;
  /** The rule's expression and its counting expression, checked; absent where they could not be read. */
  readonly expression: CheckedExpression | undefined;
  readonly counting: CheckedExpression | undefined;
}

/** Checks a rate limit beside its shape: only values of the right type are looked at. */
export function checkRateLimit(place: RulesetValue, context: RateLimitContext, tell: Tell): void {
  const limit = place.value;
  if (!isObject(limit)) return;
  const at = (key: string): RulesetValue => ({ pointer: below(place.pointer, key), value: limit[key] });
  const { plan, action } = context;
  if (isWhole(limit.period)) checkPeriod(at("period"), limit.period, plan, tell);
  const timeout = limit.mitigation_timeout ?? 0;
  if (isWhole(timeout) && action !== undefined) checkTimeout(at("mitigation_timeout"), timeout, plan, action, tell);
  checkThreshold(place, limit, tell);
  if (Array.isArray(limit.characteristics)) checkCharacteristics(at("characteristics"), context, tell);
  const counted = limit.counting_expression;
  if (typeof counted === "string" && counted !== "" && !PLAN_LIMITS[plan].rlCountingExpression) {
    const needed = PLANS.find((one) => PLAN_LIMITS[one].rlCountingExpression) ?? "enterprise";
    tell(at("counting_expression"), {
      code: "rate-limit-counting-plan",
      message: `a counting expression needs ${planFrom(needed)}, this is ${planName(plan)}`,
      hint: "leave it out: the rule's own expression counts",
      api: notEntitled("a counting expression"),
    });
  }
  checkCounting(at, limit, context, tell);
}

function checkPeriod(place: RulesetValue, period: number, plan: Plan, tell: Tell): void {
  const periods = periodsOf(plan);
  if (periods.includes(period)) return;
  const message = ALLOWED_PERIODS.includes(period)
    ? `${planName(plan)} counts over at most ${PLAN_LIMITS[plan].rlMaxPeriod} seconds, not ${period}`
    : `a rate limit cannot count over ${period} seconds`;
  tell(place, {
    code: "rate-limit-period",
    message,
    hint: `take one of ${periods.join(", ")}`,
    api: notEntitled(`the period ${period}, can only use a period among [${periods.join(" ")}]`),
  });
}

function checkTimeout(place: RulesetValue, timeout: number, plan: Plan, action: Action, tell: Tell): void {
  if (allowsTimeout(plan, action, timeout)) return;
  const timeouts = timeoutsOf(plan, action);
  const [only, ...more] = timeouts;
  const what =
    more.length > 0
      ? `the mitigation timeout ${timeout}, can only use a mitigation timeout among [${timeouts.join(" ")}]`
      : `a mitigation timeout different from ${only}${only === 0 ? ` with the action ${action}` : ""}`;
  const throttles = timeout === 0 && action === "block";
  tell(place, {
    code: "rate-limit-timeout",
    message: throttles
      ? `throttling (a mitigation timeout of 0 with block) needs Enterprise, this is ${planName(plan)}`
      : `${planName(plan)} cannot act for ${timeout} seconds with ${action}`,
    hint:
      only === 0 && more.length === 0
        ? "take 0: a solved challenge sets the counter to zero"
        : `take one of ${timeouts.join(", ")}`,
    api: notEntitled(what),
  });
}

function checkThreshold(place: RulesetValue, limit: Readonly<Record<string, unknown>>, tell: Tell): void {
  const { requests_per_period: requests, score_per_period: score, score_response_header_name: header } = limit;
  const code = "rate-limit-threshold";
  const at = (key: string): RulesetValue => ({ pointer: below(place.pointer, key), value: limit[key] });
  if (requests === undefined && score === undefined) {
    tell(place, { code, message: "there is no limit", hint: "add requests_per_period" });
  } else if (requests !== undefined && score !== undefined) {
    const message = "a rate limit counts requests or adds scores, not both";
    tell(at("score_per_period"), { code, message, hint: "leave out one of them" });
  }
  if (score !== undefined && header === undefined) {
    const message = "the name of the header that holds the score is missing";
    tell(at("score_response_header_name"), { code, message, hint: "name the response header" });
  }
}

function checkCharacteristics(place: RulesetValue, context: RateLimitContext, tell: Tell): void {
  const { plan, phase } = context;
  const given = (place.value as readonly unknown[]).filter((one) => typeof one === "string").slice(0, 10);
  const allowed = PLAN_LIMITS[plan].rlCharacteristics;
  if (!given.includes("cf.colo.id")) {
    // terraform-provider-cloudflare#1308; the numeric code is ours
    tell(place, {
      code: "rate-limit-colo",
      message: "characteristics must include cf.colo.id",
      hint: "add cf.colo.id: each data centre counts for itself, and the API requires it",
      api: { code: 20000, message: "characteristics must include cf.colo.id" },
    });
  }
  if (given.includes("ip.src") && given.includes("cf.unique_visitor_id")) {
    tell(place, {
      code: "rate-limit-characteristics",
      message: "ip.src and cf.unique_visitor_id exclude each other",
      hint: "leave out one of them",
      api: { code: 20000, message: "characteristics cannot have both ip.src and cf.unique_visitor_id" },
    });
  }
  for (const [index, name] of given.entries()) {
    if (name === "cf.colo.id" || allowed.includes(name)) continue;
    if (!allowed.includes("*")) {
      const list = allowed.join(" ");
      tell(place, {
        code: "rate-limit-characteristics",
        message: `${planName(plan)} cannot count by ${name}`,
        hint: `it can count by ${allowed.join(" or ")}`,
        api: notEntitled(`the characteristic ${name}, can only use [${list}] and cf.colo.id`),
      });
      return;
    }
    if (name === "cf.unique_visitor_id") continue;
    const at = { pointer: below(place.pointer, index), value: name };
    checkValueExpression(at, { phase }, "anything", (where, problem) =>
      tell(where, { ...problem, code: "rate-limit-characteristics", message: `no characteristic: ${problem.message}` }),
    );
  }
}

/**
 * Lists, response fields and cached responses exclude each other; account-level rate limits have neither lists nor
 * responses.
 */
function checkCounting(
  at: (key: string) => RulesetValue,
  limit: Readonly<Record<string, unknown>>,
  { level, expression, counting, rule }: RateLimitContext,
  tell: Tell,
): void {
  const [list] = expression ? customLists(expression) : [];
  const [counted] = counting ? customLists(counting) : [];
  const response = counting?.fields.find(({ used }) => used.source === "response");
  if (list !== undefined && limit.requests_to_origin === true) {
    tell(at("requests_to_origin"), {
      code: "rate-limit-lists",
      message: `an expression with a list ($${list}) needs requests_to_origin: false`,
      hint: "count cached responses too, or write the list's items into the expression",
    });
  }
  if (response && counting && counting.lists.length > 0) {
    tell(at("counting_expression"), {
      code: "rate-limit-lists",
      message: "a counting expression cannot have both a list and a field of the response",
      hint: "divide it into two rules",
    });
  }
  if (level !== "account") return;
  const refuse = (place: RulesetValue, what: string): void => {
    const message = `rate limits of an account cannot ${what}`;
    tell(place, { code: "rate-limit-level", message, hint: "put the rule into the zone's ruleset" });
  };
  if (response) refuse(at("counting_expression"), `count by ${response.used.name}: they see no response`);
  if (list !== undefined) refuse(rule, `use the list $${list}`);
  if (counted !== undefined) refuse(at("counting_expression"), `use the list $${counted}`);
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

/**
 * A rule of the rate limiting phase has a limit, a rule of another phase has none; `execute` runs rules that have
 * their own.
 */
export function checkRateLimitPresence(place: RulesetValue, phase: Phase, action: unknown, tell: Tell): void {
  const isGiven = place.value !== undefined;
  if (phase === "http_ratelimit" && action !== "execute" && !isGiven) {
    tell(place, { code: "missing-key", message: "is required in the phase http_ratelimit" });
  } else if (isGiven && (phase !== "http_ratelimit" || action === "execute")) {
    const where = phase === "http_ratelimit" ? "with the action execute" : `in the phase ${phase}`;
    tell(place, { code: "rate-limit-phase", message: `is not allowed ${where}, got ${kindOf(place.value)}` });
  }
}
