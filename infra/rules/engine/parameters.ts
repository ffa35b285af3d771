/**
 * Reads `action_parameters` and `ratelimit` of rules into what the engine runs on, and refuses what Cloudflare's API would
 * refuse or what this engine does not imitate. Sources: https://developers.cloudflare.com/waf/custom-rules/skip/options/,
 * https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/,
 * https://developers.cloudflare.com/rules/url-forwarding/single-redirects/settings/.
 */

import type { Phase } from "../schema/phases.ts";
import { EngineError } from "./error.ts";
import type { Rule, Ruleset, Skipped, Verdict } from "./types.ts";

export type Level = "account" | "zone";
export type CustomResponse = NonNullable<Verdict["response"]>;

const CHALLENGES: ReadonlySet<string> = new Set(["challenge", "js_challenge", "managed_challenge"]);
const CONTENT_TYPES: ReadonlySet<unknown> = new Set(["application/json", "text/html", "text/plain", "text/xml"]);
/** Bytes; the rate limiting parameters page gives 30 KB. */
const MAX_CONTENT = 30 * 1024;
const SKIPPABLE: ReadonlySet<unknown> = new Set([
  "http_ratelimit",
  "http_request_sbfm",
  "http_request_firewall_managed",
]);
const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308]);
/** Products outside the Ruleset Engine; none of them is imitated, so skipping them changes nothing here. */
const PRODUCTS: ReadonlySet<unknown> = new Set([
  "zoneLockdown",
  "uaBlock",
  "bic",
  "hot",
  "securityLevel",
  "rateLimit",
  "waf",
]);

/** A rule's stable name: its `ref`, else its id. */
export const refOf = (rule: Rule): string => rule.ref ?? rule.id ?? "";

/** Whether the action asks the visitor to solve something. */
export const isChallenge = (rule: Rule): boolean => CHALLENGES.has(rule.action);

const invalid = (ruleset: Ruleset, rule: Rule, problem: string): EngineError =>
  new EngineError("invalid-rule", { ruleset: ruleset.name, rule: refOf(rule) }, problem);

function onlyKnown(ruleset: Ruleset, rule: Rule, known: readonly string[]): Readonly<Record<string, unknown>> {
  const parameters = rule.action_parameters ?? {};
  const unknown = Object.keys(parameters).find((key) => !known.includes(key) && parameters[key] !== undefined);
  if (unknown === undefined) return parameters;
  const at = { ruleset: ruleset.name, rule: refOf(rule) };
  throw new EngineError("no-semantics", at, `"${rule.action}" with "${unknown}" is not imitated`);
}

/** What `block` answers with: the rule's custom response, or just the phase's status. */
export function blockResponse(ruleset: Ruleset, rule: Rule): CustomResponse {
  const { response } = onlyKnown(ruleset, rule, ["response"]);
  const status = ruleset.phase === "http_ratelimit" ? 429 : 403;
  if (response === undefined || response === null) return { status };
  const { status_code, content_type, content } = response as Readonly<Record<string, unknown>>;
  if (typeof status_code !== "number" || !Number.isInteger(status_code) || status_code < 400 || status_code > 499) {
    throw invalid(ruleset, rule, "the status_code of a custom response must be 400 to 499");
  }
  if (!CONTENT_TYPES.has(content_type)) {
    throw invalid(
      ruleset,
      rule,
      `the content_type of a custom response must be one of ${[...CONTENT_TYPES].join(", ")}`,
    );
  }
  if (typeof content !== "string" || new TextEncoder().encode(content).length > MAX_CONTENT) {
    throw invalid(ruleset, rule, `the content of a custom response must be text of at most ${MAX_CONTENT} bytes`);
  }
  return { status: status_code, content: { type: String(content_type), body: content } };
}

/** What `skip` leaves out. A skip that names nothing skips nothing. */
export function skipOf(level: Level, ruleset: Ruleset, rule: Rule): Skipped {
  const parameters = onlyKnown(ruleset, rule, ["ruleset", "phase", "phases", "products"]);
  for (const key of ["ruleset", "phase"]) {
    if (parameters[key] !== undefined && parameters[key] !== "current") {
      throw invalid(ruleset, rule, `the only value of "${key}" is "current"`);
    }
  }
  if (parameters.phase !== undefined && level === "account") {
    throw invalid(ruleset, rule, `skip with "phase" exists in zone-level rulesets only`);
  }
  const list = (key: string, allowed: ReadonlySet<unknown>): readonly unknown[] => {
    const value = parameters[key] ?? [];
    if (!Array.isArray(value)) throw invalid(ruleset, rule, `"${key}" must be a list`);
    const wrong = value.find((item) => !allowed.has(item));
    if (wrong === undefined) return value;
    throw invalid(ruleset, rule, `"${key}" cannot hold ${JSON.stringify(wrong)}; known are ${[...allowed].join(", ")}`);
  };
  list("products", PRODUCTS);
  const phases = list("phases", SKIPPABLE) as readonly Phase[];
  if (parameters.phase !== undefined) return { rest: "phase", phases };
  return parameters.ruleset === undefined ? { phases } : { rest: "ruleset", phases };
}

/** A checked `from_value` of `redirect`. */
export interface RedirectParameters {
  readonly status: number;
  /** A URL, or an expression that makes one. */
  readonly target: { readonly value: string } | { readonly expression: string };
  readonly keepsQuery: boolean;
}

/** Where a redirect leads. One that asks a list (`from_list`, Bulk Redirects) belongs to another phase. */
export function redirectOf(ruleset: Ruleset, rule: Rule): RedirectParameters {
  const { from_value } = onlyKnown(ruleset, rule, ["from_value"]);
  const { target_url, status_code = 301, preserve_query_string = false } = membersOf(from_value);
  const { value, expression } = membersOf(target_url);
  if (!REDIRECTS.has(status_code)) {
    throw invalid(ruleset, rule, `the status_code of a redirect must be one of ${[...REDIRECTS].join(", ")}`);
  }
  const both = value !== undefined && expression !== undefined;
  const text = value ?? expression;
  if (both || typeof text !== "string" || text === "") {
    throw invalid(ruleset, rule, `"redirect" needs a target_url with either value or expression`);
  }
  return {
    status: Number(status_code),
    target: value === undefined ? { expression: text } : { value: text },
    keepsQuery: preserve_query_string === true,
  };
}

/** The expression that makes the target of a redirect; undefined where that is a URL, or the rule no redirect. */
export function redirectExpression({ action, action_parameters }: Rule): string | undefined {
  if (action !== "redirect") return undefined;
  const { expression } = membersOf(membersOf(action_parameters?.from_value).target_url);
  return typeof expression === "string" ? expression : undefined;
}

/** The members of an object; none where it is something else. */
export const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** The id of the ruleset that `execute` runs. */
export function executeTarget(ruleset: Ruleset, rule: Rule): string {
  const { id } = onlyKnown(ruleset, rule, ["id"]);
  if (typeof id !== "string" || id === "") throw invalid(ruleset, rule, `"execute" needs the id of a ruleset`);
  return id;
}

/** A checked `ratelimit`. Times are milliseconds. */
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

/** Checks the parts of `ratelimit` without which counting has no meaning; what the plan allows is the API's affair. */
export function rateLimitOf(ruleset: Ruleset, rule: Rule): RateLimitParameters {
  const limit = rule.ratelimit;
  if (!limit) throw invalid(ruleset, rule, `a rule of phase http_ratelimit needs "ratelimit"`);
  const positive = (name: string, value: number | undefined): number => {
    if (value !== undefined && Number.isFinite(value) && value > 0) return value;
    throw invalid(ruleset, rule, `"${name}" must be a positive number`);
  };
  const timeout = limit.mitigation_timeout ?? 0;
  if (!Number.isFinite(timeout) || timeout < 0) throw invalid(ruleset, rule, `"mitigation_timeout" must be 0 or more`);
  if (!limit.characteristics.includes("cf.colo.id")) {
    throw invalid(ruleset, rule, `"characteristics" must name cf.colo.id: counters are kept per data centre`);
  }
  if (limit.characteristics.includes("ip.src") && limit.characteristics.includes("cf.unique_visitor_id")) {
    throw invalid(ruleset, rule, "ip.src and cf.unique_visitor_id exclude each other");
  }
  const scored = limit.score_per_period !== undefined;
  if (scored === (limit.requests_per_period !== undefined)) {
    throw invalid(ruleset, rule, `"ratelimit" needs either requests_per_period or score_per_period`);
  }
  if (scored && !limit.score_response_header_name) {
    throw invalid(ruleset, rule, `"score_per_period" needs "score_response_header_name"`);
  }
  return {
    characteristics: limit.characteristics,
    period: 1000 * positive("period", limit.period),
    timeout: 1000 * timeout,
    threshold: scored
      ? positive("score_per_period", limit.score_per_period)
      : positive("requests_per_period", limit.requests_per_period),
    ...(scored ? { scoreHeader: (limit.score_response_header_name ?? "").toLowerCase() } : {}),
    requestsToOrigin: limit.requests_to_origin === true,
    ...(limit.counting_expression ? { countingExpression: limit.counting_expression } : {}),
  };
}
