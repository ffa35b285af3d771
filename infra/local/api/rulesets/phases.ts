import type { Phase } from "../../../rules/index.ts";
import type { PermissionGroup } from "../state.ts";

/** The permission groups of a phase's rules, without " Read" or " Write". */
type PhasePermission = PermissionGroup extends infer Name ? (Name extends `${infer Stem} Write` ? Stem : never) : never;

const waf = "Zone WAF";
const transform = "Zone Transform Rules";

/** Which permission a token needs for the rules of a phase. */
export const phaseGroups: Readonly<Record<Phase, PhasePermission>> = {
  http_request_firewall_custom: waf,
  http_ratelimit: waf,
  http_request_firewall_managed: waf,
  http_request_dynamic_redirect: "Dynamic URL Redirects",
  http_request_transform: transform,
  http_request_late_transform: transform,
  http_request_origin: "Origin",
  http_request_cache_settings: "Cache Settings",
  http_config_settings: "Config Settings",
  http_response_headers_transform: transform,
  http_custom_errors: "Custom Errors",
  http_request_redirect: "Mass URL Redirects",
  http_response_cache_settings: "Cache Settings",
  http_response_compression: "Response Compression",
  http_request_sanitize: "Sanitize",
  http_request_sbfm: "Bot Management",
  ddos_l7: "HTTP DDoS Managed Ruleset",
  http_response_firewall_managed: waf,
  http_log_custom_fields: "Logs",
};
