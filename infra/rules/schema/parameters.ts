/**
 * What a rule and the parameters of its action may hold, as of 2026-11-29. Sources: the OpenAPI description of the
 * Rulesets API (https://developers.cloudflare.com/api/resources/rulesets/) and the pages that `phases.ts` names. The
 * Rulesets API refuses a key that it does not know, at every depth. `exposed_credential_check` is deprecated and left
 * out.
 */
import { cacheControl, cacheSettings, configSettings, stripSettings } from "./cache-and-config.ts";
import { DESCRIPTION_SIZE, ERROR_SIZE, EXPRESSION_SIZE, RESPONSE_SIZE } from "./limits.ts";
import type { Action, Phase } from "./phases.ts";
import {
  anything,
  expression,
  flag,
  integer,
  list,
  needs,
  object,
  oneOf,
  type ParameterShape,
  record,
  text,
} from "./shape.ts";

/** Status codes of a redirect: https://developers.cloudflare.com/rules/url-forwarding/single-redirects/settings/ */
const REDIRECT_STATUSES = [301, 302, 303, 307, 308] as const;

/** Phases that a skip can name: https://developers.cloudflare.com/waf/custom-rules/skip/options/ */
const SKIPPABLE_PHASES = ["http_ratelimit", "http_request_sbfm", "http_request_firewall_managed"] as const;

/** Products outside the Ruleset Engine that a skip can name; the names are case-sensitive. The same page. */
const SKIPPABLE_PRODUCTS = ["zoneLockdown", "uaBlock", "bic", "hot", "securityLevel", "rateLimit", "waf"] as const;

/**
 * A rule's identity across edits. The API documents no pattern; this one is what this kit and Cloudflare's examples
 * use.
 */
const REF_PATTERN = /^[a-z0-9_]{1,64}$/;
const REF = text({ min: 1, max: 64, pattern: REF_PATTERN, what: "a ref: a-z, 0-9 and _, at most 64" });

/** Whether a text can be a rule's `ref`. */
export const isRef = (value: string): boolean => REF_PATTERN.test(value);

/** What every rule may hold; `position` and the values that the API adds may be sent back as they were read. */
export const RULE = object({
  "action*": text({ min: 1, max: 100 }),
  "expression*": text({ max: Number.MAX_SAFE_INTEGER }),
  id: text({ max: 32 }),
  version: text(),
  last_updated: text(),
  categories: list(text()),
  ref: REF,
  description: text({ max: DESCRIPTION_SIZE }),
  enabled: flag,
  action_parameters: anything,
  logging: object({ "enabled*": flag }),
  // https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/
  ratelimit: object({
    "characteristics*": list(text({ min: 1, max: 500 }), 10),
    "period*": integer(1),
    requests_per_period: integer(1, 1_000_000_000),
    mitigation_timeout: integer(),
    counting_expression: text({ max: Number.MAX_SAFE_INTEGER }),
    requests_to_origin: flag,
    score_per_period: needs("enterprise", "rate limits by score", integer(1)),
    score_response_header_name: text({ min: 1, max: 255 }),
  }),
  position: object({ before: text(), after: text(), index: integer(1) }),
});

/** What a ruleset may hold beside kind, phase and rules. */
export const RULESET = object({ name: text({ min: 1, max: 255 }), description: text({ max: DESCRIPTION_SIZE }) });

const contentType = oneOf("application/json", "text/html", "text/plain", "text/xml");
const id = text({ pattern: /^[0-9a-f]{32}$/, what: "an id of 32 hex digits" });
const none = object({});
/** Either a fixed value or an expression. */
const computed = object({ value: text(), expression }, "one");
const uriPart = object(
  { uri: object({ path: computed, query: computed, origin: flag }, "at least one") },
  "at least one",
);
/** https://developers.cloudflare.com/rules/url-forwarding/bulk-redirects/reference/json-objects/ */
const fromList = object({ "name*": text({ min: 1 }), "key*": text({ min: 1, max: EXPRESSION_SIZE }) });
const operation = (...names: readonly string[]): ParameterShape => oneOf(...names);
const headers = object({
  "headers*": record(
    object({ "operation*": operation("set", "add", "remove"), value: text({ min: 1 }), expression }),
    100,
  ),
});
const override = { action: text(), enabled: flag, sensitivity_level: oneOf("default", "medium", "low", "eoff") };
const names = list(object({ "name*": text({ min: 1 }) }), 100);
const responseNames = list(object({ "name*": text({ min: 1 }), preserve_duplicates: flag }), 100);

const SHAPES: Readonly<Record<Action, ParameterShape>> = {
  block: object({
    response: needs(
      "pro",
      "a custom response",
      object({
        "status_code*": integer(400, 499),
        "content*": text({ max: RESPONSE_SIZE }),
        "content_type*": contentType,
      }),
    ),
  }),
  challenge: none,
  js_challenge: none,
  managed_challenge: none,
  log: none,
  skip: object(
    {
      ruleset: oneOf("current"),
      phase: oneOf("current"),
      phases: list(oneOf(...SKIPPABLE_PHASES), 50),
      products: list(oneOf(...SKIPPABLE_PRODUCTS), 10),
      rulesets: list(text(), 100),
      rules: record(list(id), 100),
    },
    "at least one",
  ),
  execute: object({
    "id*": id,
    version: text(),
    matched_data: object({ "public_key*": text({ min: 1 }) }),
    overrides: object(
      {
        ...override,
        categories: list(object({ ...override, "category*": text({ min: 1 }) })),
        rules: list(object({ ...override, "id*": id, score_threshold: integer() })),
      },
      "at least one",
    ),
  }),
  redirect: object(
    {
      from_value: object({
        "target_url*": computed,
        status_code: oneOf(...REDIRECT_STATUSES),
        preserve_query_string: flag,
      }),
      from_list: fromList,
    },
    "one",
  ),
  rewrite: headers,
  route: object(
    {
      host_header: text({ min: 1 }),
      origin: object({ host: text({ min: 1 }), port: integer(1, 65_535) }, "at least one"),
      sni: object({ "value*": text({ min: 1 }) }),
    },
    "at least one",
  ),
  set_cache_settings: cacheSettings,
  set_cache_control: cacheControl,
  set_cache_tags: object({
    "operation*": operation("add", "remove", "set"),
    values: list(text({ min: 1 }), 100),
    expression: text({ min: 1, max: EXPRESSION_SIZE }),
  }),
  set_config: configSettings,
  serve_error: object(
    {
      content: text({ min: 1, max: ERROR_SIZE }),
      asset_name: text({ min: 1 }),
      content_type: contentType,
      status_code: integer(400, 999),
    },
    "at least one",
  ),
  compress_response: object({
    "algorithms*": list(object({ "name*": oneOf("none", "auto", "default", "gzip", "brotli", "zstd") }), 10),
  }),
  log_custom_field: object(
    {
      cookie_fields: names,
      request_fields: names,
      transformed_request_fields: names,
      response_fields: responseNames,
      raw_response_fields: responseNames,
    },
    "at least one",
  ),
};

/** Phases in which an action takes other parameters than elsewhere. */
const IN_PHASE: Readonly<Partial<Record<Phase, Readonly<Partial<Record<Action, ParameterShape>>>>>> = {
  http_request_transform: { rewrite: uriPart },
  http_request_redirect: {
    redirect: object({ "from_list*": fromList }),
  },
  http_response_cache_settings: { set_cache_settings: stripSettings },
};

/** The parameters that an action takes in a phase. */
export function parametersOf(action: Action, phase: Phase): ParameterShape {
  return IN_PHASE[phase]?.[action] ?? SHAPES[action];
}

/** Whether the action requires parameters. */
export function needsParameters(action: Action): boolean {
  return action !== "block" && SHAPES[action] !== none;
}
