/**
 * The zone settings of the API on localhost, with the defaults of a new zone and what each plan may change
 * (https://developers.cloudflare.com/api/resources/zones/subresources/settings/, read 2026-11-22). Settings that are
 * not here get error 1006, as unknown ones do.
 */
import { includesPlan } from "../../rules/index.ts";
import { type BodyShape, flag, integer, object, oneOf } from "./shape.ts";
import type { Plan, StoredZone } from "./state.ts";

export interface SettingRule {
  readonly initial: unknown;
  readonly shape: BodyShape;
  /** The smallest plan that may change it; absent: Free. */
  readonly from?: Plan;
}

const onOff = oneOf("on", "off");
const toggle = (initial: "on" | "off", from: Plan = "free"): SettingRule => ({ initial, shape: onOff, from });

/** By id. */
export const settingRules: Readonly<Record<string, SettingRule>> = {
  "0rtt": toggle("off"),
  always_online: toggle("off"),
  always_use_https: toggle("off"),
  automatic_https_rewrites: toggle("on"),
  brotli: toggle("on"),
  browser_cache_ttl: { initial: 14_400, shape: integer(0, 31_536_000) },
  browser_check: toggle("on"),
  cache_level: { initial: "aggressive", shape: oneOf("aggressive", "basic", "simplified") },
  challenge_ttl: { initial: 1800, shape: integer(300, 31_536_000) },
  development_mode: toggle("off"),
  email_obfuscation: toggle("on"),
  hotlink_protection: toggle("off"),
  http2: toggle("on", "pro"),
  http3: toggle("on"),
  ip_geolocation: toggle("on"),
  ipv6: toggle("on"),
  min_tls_version: { initial: "1.0", shape: oneOf("1.0", "1.1", "1.2", "1.3") },
  opportunistic_encryption: toggle("on"),
  opportunistic_onion: toggle("on"),
  origin_error_page_pass_thru: toggle("off", "enterprise"),
  prefetch_preload: toggle("off", "enterprise"),
  privacy_pass: toggle("on"),
  proxy_read_timeout: { initial: 100, shape: integer(1, 6000), from: "enterprise" },
  pseudo_ipv4: { initial: "off", shape: oneOf("off", "add_header", "overwrite_header") },
  response_buffering: toggle("off", "enterprise"),
  rocket_loader: toggle("off"),
  security_header: {
    initial: {
      strict_transport_security: {
        enabled: false,
        max_age: 0,
        include_subdomains: false,
        preload: false,
        nosniff: false,
      },
    },
    shape: object({
      "strict_transport_security*": object({
        enabled: flag,
        max_age: integer(0, 31_536_000),
        include_subdomains: flag,
        preload: flag,
        nosniff: flag,
      }),
    }),
  },
  security_level: { initial: "medium", shape: oneOf("essentially_off", "low", "medium", "high", "under_attack") },
  server_side_exclude: toggle("on"),
  sort_query_string_for_cache: toggle("off", "enterprise"),
  ssl: { initial: "full", shape: oneOf("off", "flexible", "full", "strict") },
  tls_1_3: { initial: "on", shape: oneOf("on", "off", "zrt") },
  tls_client_auth: toggle("off"),
  true_client_ip_header: toggle("off", "enterprise"),
  websockets: toggle("on"),
};

/** Whether the zone's plan may change the setting. */
export function isEditable(rule: SettingRule, plan: Plan): boolean {
  return includesPlan(plan, rule.from ?? "free");
}

/** Every setting of a zone with its value. */
export function settingValues(zone: StoredZone): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settingRules).map(([id, rule]) => [id, zone.settings[id]?.value ?? rule.initial]),
  );
}

/** The rule of a setting, or undefined for an id that is not known. */
export function settingRule(id: string): SettingRule | undefined {
  return Object.hasOwn(settingRules, id) ? settingRules[id] : undefined;
}
