/**
 * The phases that the API on localhost knows: which actions their rules may have, which permission they need
 * (https://developers.cloudflare.com/ruleset-engine/reference/phases-list/).
 */
import type { Action, Phase } from "../../../rules/index.ts";
import type { PermissionGroup } from "../state.ts";

/** The permission groups of a phase's rules, without " Read" or " Write". */
type Group = PermissionGroup extends infer Name ? (Name extends `${infer Stem} Write` ? Stem : never) : never;

export interface PhaseRule {
  readonly actions: readonly Action[];
  readonly group: Group;
}

const waf = "Zone WAF";
const transform = "Zone Transform Rules";

export const phaseRules: Readonly<Record<Phase, PhaseRule>> = {
  http_request_firewall_custom: {
    actions: ["block", "challenge", "js_challenge", "managed_challenge", "log", "skip", "execute"],
    group: waf,
  },
  http_ratelimit: {
    actions: ["block", "challenge", "js_challenge", "managed_challenge", "log", "execute"],
    group: waf,
  },
  http_request_firewall_managed: { actions: ["execute", "skip"], group: waf },
  http_request_dynamic_redirect: { actions: ["redirect"], group: "Dynamic URL Redirects" },
  http_request_transform: { actions: ["rewrite"], group: transform },
  http_request_late_transform: { actions: ["rewrite"], group: transform },
  http_request_origin: { actions: ["route"], group: "Origin" },
  http_request_cache_settings: { actions: ["set_cache_settings"], group: "Cache Settings" },
  http_config_settings: { actions: ["set_config"], group: "Config Settings" },
  http_response_headers_transform: { actions: ["rewrite"], group: transform },
  http_custom_errors: { actions: ["serve_error"], group: "Custom Errors" },
};

export function isPhase(value: unknown): value is Phase {
  return typeof value === "string" && Object.hasOwn(phaseRules, value);
}
