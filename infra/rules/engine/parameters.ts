/**
 * Reads `action_parameters` and `ratelimit` of rules that the validator accepts into what the engine runs on. Sources:
 * https://developers.cloudflare.com/waf/custom-rules/skip/options/,
 * https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/,
 * https://developers.cloudflare.com/rules/url-forwarding/single-redirects/settings/.
 */
import type { Phase } from "../schema/phases.ts";
import type { RateLimit, Rule, Ruleset, Skipped, Verdict } from "./types.ts";

export type Level = "account" | "zone";
export type CustomResponse = NonNullable<Verdict["response"]>;

/** A rule and what it is part of. */
export interface PlacedRule {
  readonly level: Level;
  readonly ruleset: Ruleset;
  readonly rule: Rule;
  /** What it is called: its `ref`, else its id, else its place. */
  readonly name: string;
}

const CHALLENGES: ReadonlySet<string> = new Set(["challenge", "js_challenge", "managed_challenge"]);

/** Whether the action is a challenge, which the visitor has to solve. */
export const isChallenge = ({ action }: Rule): boolean => CHALLENGES.has(action);

/** The members of an object; none where it is something else. */
export const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** What `block` responds with: the rule's custom response, or just the phase's status. */
export function blockResponse({ phase }: Ruleset, { action_parameters }: Rule): CustomResponse {
  const { response } = membersOf(action_parameters);
  if (response === undefined) return { status: phase === "http_ratelimit" ? 429 : 403 };
  const { status_code, content_type, content } = membersOf(response);
  return { status: Number(status_code), content: { type: String(content_type), body: String(content) } };
}

/**
 * What `skip` leaves out. Products outside the Ruleset Engine, managed rulesets and their rules are not evaluated
 * here at all, so that skipping them changes nothing.
 */
export function skipOf({ action_parameters }: Rule): Skipped {
  const { ruleset, phase, phases = [] } = membersOf(action_parameters);
  const skipped = phases as readonly Phase[];
  if (phase !== undefined) return { rest: "phase", phases: skipped };
  return ruleset === undefined ? { phases: skipped } : { rest: "ruleset", phases: skipped };
}

/** `from_value` of `redirect`. */
export interface RedirectParameters {
  readonly status: number;
  /** A URL, or an expression that makes one. */
  readonly target: { readonly value: string } | { readonly expression: string };
  readonly keepsQuery: boolean;
}

/** Where a redirect leads; undefined for one that uses a list, which belongs to another phase. */
export function redirectOf({ action_parameters }: Rule): RedirectParameters | undefined {
  const from = membersOf(membersOf(action_parameters).from_value);
  const { target_url, status_code = 301, preserve_query_string = false } = from;
  const { value, expression } = membersOf(target_url);
  if (value === undefined && expression === undefined) return undefined;
  return {
    status: Number(status_code),
    target: value === undefined ? { expression: String(expression) } : { value: String(value) },
    keepsQuery: preserve_query_string === true,
  };
}

/** `ratelimit`. Times are milliseconds. */
export interface RateLimitParameters {
  readonly characteristics: readonly string[];
  readonly period: number;
  readonly timeout: number;
  readonly threshold: number;
  /** Lower-cased name of the response header that holds a request's score; absent: requests are counted. */
  readonly scoreHeader?: string;
  readonly requestsToOrigin: boolean;
  readonly countingExpression?: string;
}

/** How a rule of the rate limiting phase counts. */
export function rateLimitOf({ ratelimit }: Rule): RateLimitParameters {
  const limit: Partial<RateLimit> = ratelimit ?? {};
  const { characteristics = [], period = 0, mitigation_timeout = 0, requests_per_period, score_per_period } = limit;
  return {
    characteristics,
    period: 1000 * period,
    timeout: 1000 * mitigation_timeout,
    threshold: score_per_period ?? requests_per_period ?? 0,
    ...(score_per_period === undefined ? {} : { scoreHeader: (limit.score_response_header_name ?? "").toLowerCase() }),
    requestsToOrigin: limit.requests_to_origin === true,
    ...(limit.counting_expression ? { countingExpression: limit.counting_expression } : {}),
  };
}
