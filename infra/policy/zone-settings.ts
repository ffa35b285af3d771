import { includesPlan, type Plan, planName } from "../rules/index.ts";

/**
 * One zone setting (https://developers.cloudflare.com/api/resources/zones/subresources/settings/) as the API takes it.
 */
export interface ZoneSetting {
  readonly id: string;
  readonly value: unknown;
}

interface Known {
  /** What the API takes, or undefined where `value` is it already; the text says what was expected. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Least plan on which it can be edited; absent: Free. */
  readonly from?: Plan;
}

const oneOfTexts = (...values: readonly string[]): Known => ({
  expected: values.map((value) => `"${value}"`).join(", "),
  accepts: (value) => typeof value === "string" && values.includes(value),
});
const ON_OFF = oneOfTexts("on", "off");

/**
 * Settings that a stack may set, with the values they take. They hold for the whole zone, other sites included, and
 * stay as they are when the stack is destroyed.
 */
const SETTINGS: Readonly<Record<string, Known>> = {
  ssl: oneOfTexts("flexible", "full", "strict"),
  min_tls_version: oneOfTexts("1.0", "1.1", "1.2", "1.3"),
  tls_1_3: oneOfTexts("on", "off", "zrt"),
  "0rtt": ON_OFF,
  always_use_https: ON_OFF,
  automatic_https_rewrites: ON_OFF,
  opportunistic_encryption: ON_OFF,
  websockets: ON_OFF,
  http2: { ...ON_OFF, from: "pro" },
  http3: ON_OFF,
  brotli: ON_OFF,
  browser_check: ON_OFF,
  ip_geolocation: ON_OFF,
  email_obfuscation: ON_OFF,
  security_level: oneOfTexts("essentially_off", "low", "medium", "high", "under_attack"),
  security_header: {
    expected:
      '{ "strict_transport_security": { "enabled", "max_age", "include_subdomains", "preload", "nosniff" } }, each ' +
      "named",
    accepts: isSecurityHeader,
  },
};

const FLAGS = ["enabled", "include_subdomains", "nosniff", "preload"];

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

function isSecurityHeader(value: unknown): boolean {
  const fields = fieldsOf(fieldsOf(value).strict_transport_security);
  return (
    Object.keys(fields).sort().join() === [...FLAGS, "max_age"].sort().join() &&
    FLAGS.every((flag) => typeof fields[flag] === "boolean") &&
    Number.isSafeInteger(fields.max_age) &&
    Number(fields.max_age) >= 0
  );
}

/** Ids of the settings that a stack may set. */
export const ZONE_SETTING_IDS: readonly string[] = Object.keys(SETTINGS);

/** What is wrong with a setting: what its value should be, or which plan it takes; undefined where nothing is. */
export function zoneSettingProblem({ id, value }: ZoneSetting, plan: Plan | "auto"): string | undefined {
  const known = SETTINGS[id];
  if (known === undefined) return `one of ${ZONE_SETTING_IDS.join(", ")}`;
  if (!known.accepts(value)) return known.expected;
  if (known.from !== undefined && plan !== "auto" && !includesPlan(plan, known.from))
    return `the ${planName(known.from)} plan: on ${planName(plan)} it is read-only`;
  return undefined;
}
