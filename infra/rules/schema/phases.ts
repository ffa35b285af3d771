/** The phases that rules of a zone or account run in, as of 2026-11: https://developers.cloudflare.com/ruleset-engine/reference/phases-list/ */
export type Phase = keyof typeof ACTIONS;

/** What a rule can do: https://developers.cloudflare.com/ruleset-engine/rules-language/actions/ */
export type Action =
  | "block"
  | "challenge"
  | "js_challenge"
  | "managed_challenge"
  | "log"
  | "skip"
  | "execute"
  | "set_cache_settings"
  | "set_config"
  | "rewrite"
  | "redirect"
  | "route"
  | "serve_error";

const ACTIONS = {
  http_request_firewall_custom: ["block", "managed_challenge", "js_challenge", "challenge", "log", "skip", "execute"],
  http_ratelimit: ["block", "managed_challenge", "js_challenge", "challenge", "log", "execute"],
  http_request_firewall_managed: ["execute", "skip"],
  http_request_dynamic_redirect: ["redirect"],
  http_request_transform: ["rewrite"],
  http_request_late_transform: ["rewrite"],
  http_request_origin: ["route"],
  http_request_cache_settings: ["set_cache_settings"],
  http_config_settings: ["set_config"],
  http_response_headers_transform: ["rewrite"],
  http_custom_errors: ["serve_error"],
} as const satisfies Readonly<Record<string, readonly Action[]>>;

/** The actions that rules of a phase may have. */
export const PHASE_ACTIONS: Readonly<Record<Phase, readonly Action[]>> = ACTIONS;
