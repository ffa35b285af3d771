/**
 * The phases that rules on requests and responses run in, as of 2026-11-29, in Cloudflare's order:
 * https://developers.cloudflare.com/ruleset-engine/reference/phases-list/. Phases that see packets (Magic Transit,
 * network-layer DDoS protection) are not listed: the Rules language for HTTP does not reach them.
 */

/** Limits of a plan, each on the number of rules of some phases. */
export type RuleLimitName =
  | "customRules"
  | "rateLimitRules"
  | "configRules"
  | "transformRules"
  | "customErrorRules"
  | "bulkRedirectRules";

/**
 * What a rule can do: https://developers.cloudflare.com/ruleset-engine/rules-language/actions/ and the Rulesets API.
 */
export type Action =
  | "block"
  | "challenge"
  | "js_challenge"
  | "managed_challenge"
  | "log"
  | "skip"
  | "execute"
  | "set_cache_settings"
  | "set_cache_control"
  | "set_cache_tags"
  | "set_config"
  | "rewrite"
  | "redirect"
  | "route"
  | "serve_error"
  | "compress_response"
  | "log_custom_field";

/** What Cloudflare documents about one phase. */
export interface PhaseSpec {
  /** The actions that its rules may have. */
  readonly actions: readonly Action[];
  /** Which limit of the plan counts its rules, or their number on every plan; absent where none is documented. */
  readonly ruleLimit?: RuleLimitName | number;
  /** Only accounts have it. */
  readonly level?: "account";
  /** It runs after the origin has responded, so that its rules may read the response. */
  readonly isAfterResponse?: true;
  /** The page that it follows. */
  readonly page: string;
}

const DOCS = "https://developers.cloudflare.com";
const FIREWALL = ["block", "managed_challenge", "js_challenge", "challenge", "log"] as const;

const PHASES = {
  http_request_sanitize: { actions: ["execute"], page: `${DOCS}/rules/normalization/` },
  http_request_dynamic_redirect: {
    actions: ["redirect"],
    ruleLimit: "configRules",
    page: `${DOCS}/rules/url-forwarding/single-redirects/settings/`,
  },
  http_request_transform: {
    actions: ["rewrite"],
    ruleLimit: "transformRules",
    page: `${DOCS}/rules/transform/url-rewrite/`,
  },
  http_config_settings: {
    actions: ["set_config"],
    ruleLimit: "configRules",
    page: `${DOCS}/rules/configuration-rules/settings/`,
  },
  http_request_origin: { actions: ["route"], ruleLimit: "configRules", page: `${DOCS}/rules/origin-rules/features/` },
  ddos_l7: { actions: ["execute"], page: `${DOCS}/ddos-protection/managed-rulesets/http/` },
  http_request_firewall_custom: {
    actions: [...FIREWALL, "skip", "execute"],
    ruleLimit: "customRules",
    page: `${DOCS}/waf/custom-rules/`,
  },
  http_ratelimit: {
    actions: [...FIREWALL, "execute"],
    ruleLimit: "rateLimitRules",
    page: `${DOCS}/waf/rate-limiting-rules/parameters/`,
  },
  http_request_firewall_managed: { actions: ["execute", "skip"], page: `${DOCS}/waf/managed-rules/` },
  http_request_sbfm: { actions: ["execute"], page: `${DOCS}/bots/get-started/super-bot-fight-mode/` },
  http_request_redirect: {
    actions: ["redirect"],
    ruleLimit: "bulkRedirectRules",
    level: "account",
    page: `${DOCS}/rules/url-forwarding/bulk-redirects/`,
  },
  http_request_late_transform: {
    actions: ["rewrite"],
    ruleLimit: "transformRules",
    page: `${DOCS}/rules/transform/request-header-modification/`,
  },
  http_request_cache_settings: {
    actions: ["set_cache_settings"],
    ruleLimit: "configRules",
    page: `${DOCS}/cache/how-to/cache-rules/settings/`,
  },
  http_custom_errors: {
    actions: ["serve_error"],
    ruleLimit: "customErrorRules",
    isAfterResponse: true,
    page: `${DOCS}/rules/custom-errors/`,
  },
  http_response_headers_transform: {
    actions: ["rewrite"],
    ruleLimit: "transformRules",
    isAfterResponse: true,
    page: `${DOCS}/rules/transform/response-header-modification/`,
  },
  http_response_cache_settings: {
    actions: ["set_cache_settings", "set_cache_control", "set_cache_tags"],
    ruleLimit: "configRules",
    isAfterResponse: true,
    page: `${DOCS}/cache/how-to/cache-response-rules/settings/`,
  },
  http_response_compression: {
    actions: ["compress_response"],
    ruleLimit: "configRules",
    isAfterResponse: true,
    page: `${DOCS}/rules/compression-rules/`,
  },
  http_response_firewall_managed: {
    actions: ["execute"],
    isAfterResponse: true,
    page: `${DOCS}/waf/managed-rules/reference/sensitive-data-detection/`,
  },
  http_log_custom_fields: {
    actions: ["log_custom_field"],
    isAfterResponse: true,
    page: `${DOCS}/logs/logpush/logpush-job/custom-fields/`,
  },
} as const satisfies Readonly<Record<string, PhaseSpec>>;

export type Phase = keyof typeof PHASES;

/** Every phase with what Cloudflare documents about it. */
export const PHASE_SPECS: Readonly<Record<Phase, PhaseSpec>> = PHASES;

/** Whether a value names a phase. */
export function isPhase(value: unknown): value is Phase {
  return typeof value === "string" && Object.hasOwn(PHASES, value);
}
