/**
 * The zone settings of the API on localhost, with the defaults of a new zone and what each plan may change
 * (https://developers.cloudflare.com/api/resources/zones/subresources/settings/, read 2026-11-22). Settings that are
 * not here get error 1006, as unknown ones do. Unrecorded (ciphers, early_hints, ech, image_resizing, max_upload,
 * mirage, polish): they follow the types of Cloudflare's SDK and its OpenAPI document.
 */
import { includesPlan, PLAN_LIMITS } from "../../rules/index.ts";
import { type BodyShape, distinct, flag, integer, list, object, oneOf } from "./shape.ts";
import type { Plan, StoredZone } from "./state.ts";

export interface SettingRule {
  /** The value in a new zone of a plan. */
  readonly initial: (plan: Plan) => unknown;
  readonly shape: BodyShape;
  /** The smallest plan that may change it; absent: Free. */
  readonly from?: Plan;
  /** Whether only zones with Advanced Certificate Manager may change it; absent: all may. */
  readonly needsAdvancedCertificates?: true;
  /** Whether a plan allows the value; absent: each plan allows each. */
  readonly allows?: (value: unknown, plan: Plan) => boolean;
}

const onOff = oneOf("on", "off");
const always = (value: unknown) => () => value;
const toggle = (initial: "on" | "off", from: Plan = "free"): SettingRule => ({
  initial: always(initial),
  shape: onOff,
  from,
});

/**
 * Cipher suites of TLS 1.2 and below by BoringSSL's names
 * (https://developers.cloudflare.com/ssl/edge-certificates/additional-options/cipher-suites/supported-cipher-suites/).
 * Those of TLS 1.3 cannot be chosen: they are invalid values (terraform-provider-cloudflare#3003).
 */
const cipherSuites = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-ECDSA-AES128-SHA",
  "ECDHE-RSA-AES128-SHA256",
  "ECDHE-RSA-AES128-SHA",
  "AES128-GCM-SHA256",
  "AES128-SHA256",
  "AES128-SHA",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES256-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-SHA384",
  "ECDHE-RSA-AES256-SHA",
  "AES256-GCM-SHA384",
  "AES256-SHA256",
  "AES256-SHA",
  "DES-CBC3-SHA",
];

/** Megabytes that `max_upload` may be; a plan allows those up to its limit. */
const uploadSizes = [...Array.from({ length: 17 }, (_, index) => 100 + 25 * index), 1000];

/** By id. */
export const settingRules: Readonly<Record<string, SettingRule>> = {
  "0rtt": toggle("off"),
  always_online: toggle("off"),
  always_use_https: toggle("off"),
  automatic_https_rewrites: toggle("on"),
  brotli: toggle("on"),
  browser_cache_ttl: { initial: always(14_400), shape: integer(0, 31_536_000) },
  browser_check: toggle("on"),
  cache_level: { initial: always("aggressive"), shape: oneOf("aggressive", "basic", "simplified") },
  challenge_ttl: { initial: always(1800), shape: integer(300, 31_536_000) },
  ciphers: {
    initial: always([]),
    shape: distinct(list(oneOf(...cipherSuites), cipherSuites.length)),
    needsAdvancedCertificates: true,
  },
  development_mode: toggle("off"),
  early_hints: toggle("off"),
  // Cloudflare turned it on for zones of the Free plan
  ech: { initial: (plan) => (plan === "free" ? "on" : "off"), shape: onOff },
  email_obfuscation: toggle("on"),
  hotlink_protection: toggle("off"),
  http2: toggle("on", "pro"),
  http3: toggle("on"),
  image_resizing: { initial: always("off"), shape: oneOf("on", "off", "open") },
  ip_geolocation: toggle("on"),
  ipv6: toggle("on"),
  max_upload: {
    initial: (plan) => PLAN_LIMITS[plan].maxUploadMb,
    shape: oneOf(...uploadSizes),
    allows: (value, plan) => typeof value === "number" && value <= PLAN_LIMITS[plan].maxUploadMb,
  },
  min_tls_version: { initial: always("1.0"), shape: oneOf("1.0", "1.1", "1.2", "1.3") },
  mirage: toggle("off", "pro"),
  opportunistic_encryption: toggle("on"),
  opportunistic_onion: toggle("on"),
  origin_error_page_pass_thru: toggle("off", "enterprise"),
  polish: { initial: always("off"), shape: oneOf("off", "lossless", "lossy"), from: "pro" },
  prefetch_preload: toggle("off", "enterprise"),
  privacy_pass: toggle("on"),
  proxy_read_timeout: { initial: always(100), shape: integer(1, 6000), from: "enterprise" },
  pseudo_ipv4: { initial: always("off"), shape: oneOf("off", "add_header", "overwrite_header") },
  response_buffering: toggle("off", "enterprise"),
  rocket_loader: toggle("off"),
  security_header: {
    initial: always({
      strict_transport_security: {
        enabled: false,
        max_age: 0,
        include_subdomains: false,
        preload: false,
        nosniff: false,
      },
    }),
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
  security_level: {
    initial: always("medium"),
    shape: oneOf("essentially_off", "low", "medium", "high", "under_attack"),
  },
  server_side_exclude: toggle("on"),
  sort_query_string_for_cache: toggle("off", "enterprise"),
  ssl: { initial: always("full"), shape: oneOf("off", "flexible", "full", "strict") },
  tls_1_3: { initial: always("on"), shape: oneOf("on", "off", "zrt") },
  tls_client_auth: toggle("off"),
  true_client_ip_header: toggle("off", "enterprise"),
  websockets: toggle("on"),
};

/** Whether the zone may change the setting. */
export function isEditable({ from = "free", needsAdvancedCertificates }: SettingRule, zone: StoredZone): boolean {
  return includesPlan(zone.plan, from) && (!needsAdvancedCertificates || hasAdvancedCertificates(zone));
}

/** A zone has Advanced Certificate Manager where it has what only that makes. */
const hasAdvancedCertificates = ({ certificates = [], total_tls }: StoredZone): boolean =>
  total_tls === true || certificates.some(({ type }) => type === "advanced" || type === "total_tls");

/** The present value of a setting; one that the plan allows no more, after a change of plans, does not hold. */
export function settingValue({ settings, plan }: StoredZone, id: string, rule: SettingRule): unknown {
  const value = settings[id]?.value;
  return value === undefined || rule.allows?.(value, plan) === false ? rule.initial(plan) : value;
}

/** Every setting of a zone with its value. */
export function settingValues(zone: StoredZone): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settingRules).map(([id, rule]) => [id, settingValue(zone, id, rule)]));
}

/** The rule of a setting, or undefined for an id that is not known. */
export function settingRule(id: string): SettingRule | undefined {
  return Object.hasOwn(settingRules, id) ? settingRules[id] : undefined;
}
