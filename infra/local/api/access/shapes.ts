/** What the bodies of Access may hold, and what the state file may. */
import { isIP } from "node:net";
import {
  type BodyShape,
  flag,
  integer,
  isObject,
  type JsonObject,
  list,
  type Misfit,
  nullable,
  object,
  oneOf,
  text,
} from "../shape.ts";
import { readDestination } from "./destination.ts";
import { parseDuration } from "./duration.ts";

const uuid = text({ pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, what: "a UUID" });
const name = text({ min: 1, max: 255 });
const time = text({ pattern: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, what: "a time like 2026-01-02T03:04:05.678Z" });
const hexDigits = (digits: number) =>
  text({ pattern: new RegExp(`^[0-9a-f]{${digits}}$`), what: `${digits} hex digits` });
const none = object({});

/** Hours: Cloudflare's longest session is a month. */
const MAX_SESSION_HOURS = 730;
/** Hours: 100 years. */
const MAX_TOKEN_HOURS = 876_000;

function duration(maxHours: number): BodyShape {
  return (value, pointer) => {
    const milliseconds = typeof value === "string" ? parseDuration(value) : undefined;
    if (milliseconds === undefined) return { pointer, message: "is no duration such as 24h or 30m" };
    return milliseconds > maxHours * 3_600_000 ? { pointer, message: `is longer than ${maxHours}h` } : undefined;
  };
}

const sessionDuration = duration(MAX_SESSION_HOURS);
const tokenDuration: BodyShape = (value, pointer) =>
  value === "forever" ? undefined : duration(MAX_TOKEN_HOURS)(value, pointer);

/** RFC 3339, in UTC or with an offset. */
const givenTime: BodyShape = (value, pointer) =>
  typeof value === "string" &&
  /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.test(value) &&
  !Number.isNaN(Date.parse(value))
    ? undefined
    : { pointer, message: "is no time like 2026-01-02T03:04:05Z" };

const emailAddress = text({ max: 254, pattern: /^[^\s@<>"',;]{1,64}@[^\s@<>"',;]+$/, what: "an address of mail" });
const mailDomain = text({ max: 253, pattern: /^[^\s@<>"',;*]+$/, what: "the domain of addresses, without @ or *" });
const network: BodyShape = (value, pointer) => {
  const [, address = "", bits] = /^([0-9a-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/.exec(String(value)) ?? [];
  const version = typeof value === "string" ? isIP(address) : 0;
  const isRight = version !== 0 && (bits === undefined || Number(bits) <= (version === 4 ? 32 : 128));
  return isRight ? undefined : { pointer, message: "is no address and no network such as 192.0.2.0/24" };
};

const SELECTORS: Readonly<Record<string, BodyShape>> = {
  everyone: none,
  email: object({ "email*": emailAddress }),
  email_domain: object({ "domain*": mailDomain }),
  ip: object({ "ip*": network }),
  service_token: object({ "token_id*": uuid }),
  any_valid_service_token: none,
};

/** A selector is an object with one key. */
const selector: BodyShape = (value, pointer) => {
  const keys = isObject(value) ? Object.keys(value) : [];
  const [key = ""] = keys;
  const shape = keys.length === 1 && Object.hasOwn(SELECTORS, key) ? SELECTORS[key] : undefined;
  if (shape === undefined || !isObject(value)) {
    return { pointer, message: `is not one of the selectors here: ${Object.keys(SELECTORS).join(", ")}` };
  }
  return shape(value[key], `${pointer}/${key}`);
};

const selectors = list(selector, 1000);
const decision = oneOf("allow", "deny", "non_identity", "bypass");

const policyFields = {
  "name*": name,
  "decision*": decision,
  "include*": selectors,
  exclude: selectors,
  require: selectors,
  session_duration: nullable(sessionDuration),
};

/** Selectors that only some decisions may have. */
const IDENTITY: readonly string[] = ["email", "email_domain"];
const TOKENS: readonly string[] = ["service_token", "any_valid_service_token"];

/**
 * A policy's body: a bypass does not know who the client is, and a service token belongs to the decision `non_identity`
 * alone (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/).
 */
export const policyBody: BodyShape = (value, pointer) => {
  const misfit = object(policyFields)(value, pointer);
  if (misfit || !isObject(value)) return misfit;
  if (Array.isArray(value.include) && value.include.length === 0)
    return { pointer: `${pointer}/include`, message: "needs one selector at least" };
  const given = value.decision;
  const refused = given === "bypass" ? [...IDENTITY, ...TOKENS] : given === "non_identity" ? [] : TOKENS;
  for (const part of ["include", "exclude", "require"] as const) {
    const at = refusedSelector(value, part, refused);
    if (at) return { pointer: `${pointer}${at}`, message: `cannot be in a policy with the decision ${String(given)}` };
  }
  return undefined;
};

function refusedSelector(value: JsonObject, part: string, refused: readonly string[]): string | undefined {
  const given: readonly object[] = Array.isArray(value[part]) ? value[part] : [];
  for (const [index, one] of given.entries()) {
    const key = Object.keys(one).find((word) => refused.includes(word));
    if (key !== undefined) return `/${part}/${index}/${key}`;
  }
  return undefined;
}

const destinationUri: BodyShape = (value, pointer) => {
  if (typeof value !== "string") return { pointer, message: "expected a string such as example.com/path" };
  const read = readDestination(value);
  return typeof read === "string" ? { pointer, message: read } : undefined;
};
const destination = object({ "type*": oneOf("public"), "uri*": destinationUri });
/** The API's own; Cloudflare's limit is by plan. */
const MAX_DESTINATIONS = 50;
const policyLink = object({ "id*": uuid, precedence: integer(1, 1_000_000) });

const onlyFalse: BodyShape = (value, pointer) =>
  value === false ? undefined : { pointer, message: "is not imitated: expected false" };

const appFields = {
  "name*": name,
  "type*": oneOf("self_hosted"),
  domain: destinationUri,
  self_hosted_domains: list(destinationUri, MAX_DESTINATIONS),
  destinations: list(destination, MAX_DESTINATIONS),
  policies: list(policyLink, 1000),
  session_duration: sessionDuration,
  app_launcher_visible: flag,
  auto_redirect_to_identity: flag,
  allowed_idps: list(uuid, 100),
  tags: list(name, 25),
  skip_interstitial: flag,
  allow_authenticate_via_warp: onlyFalse,
  enable_binding_cookie: onlyFalse,
  http_only_cookie_attribute: flag,
  same_site_cookie_attribute: oneOf("none", "lax", "strict"),
  path_cookie_attribute: flag,
  options_preflight_bypass: flag,
  service_auth_401_redirect: flag,
};

/** An application's body. */
export const appBody = object(appFields);

const tokenFields = {
  duration: tokenDuration,
  enabled: flag,
  client_secret_version: integer(0, 1_000_000),
  previous_client_secret_expires_at: givenTime,
};
export const tokenCreation = object({ "name*": name, ...tokenFields });
export const tokenChange = object({ name, ...tokenFields });
export const tokenRotation = object({ previous_client_secret_expires_at: givenTime });

const zoneNames = list(text({ min: 1, max: 253 }), 1000);
/** Strict checks cannot be turned off in organizations that were made since 2026-10-05. */
const onlyTrue: BodyShape = (value, pointer): Misfit | undefined =>
  value === true ? undefined : { pointer, message: "cannot be turned off in organizations made since 2026-10-05" };
export const organizationChange = object({
  name,
  auth_domain: text({ pattern: /^[a-z0-9-]{1,63}\.cloudflareaccess\.com$/, what: "TEAM.cloudflareaccess.com" }),
  session_duration: sessionDuration,
  deny_unmatched_requests: flag,
  deny_unmatched_requests_exempted_zone_names: zoneNames,
  strict_service_token_auth: onlyTrue,
});

const times = { "created_at*": time, "updated_at*": time };
const MAX_ENTRIES = 10_000;

/** What the state file has of an account's Access. */
export const accessShape = object({
  "organization*": object({
    "name*": name,
    "auth_domain*": text({ min: 1 }),
    "session_duration*": sessionDuration,
    "deny_unmatched_requests*": flag,
    "deny_unmatched_requests_exempted_zone_names*": zoneNames,
    ...times,
  }),
  "identity_providers*": list(object({ "id*": uuid, "name*": name, "type*": oneOf("onetimepin") })),
  "apps*": list(
    object({
      ...Object.fromEntries(
        Object.entries(appFields).filter(([key]) => key !== "self_hosted_domains" && key !== "domain"),
      ),
      "id*": uuid,
      "aud*": hexDigits(64),
      "domain*": destinationUri,
      "destinations*": list(destination, MAX_DESTINATIONS),
      "policies*": list(policyLink, 1000),
      "session_duration*": sessionDuration,
      ...times,
    }),
    MAX_ENTRIES,
  ),
  "policies*": list(object({ ...policyFields, "id*": uuid, ...times }), MAX_ENTRIES),
  "service_tokens*": list(
    object({
      "id*": uuid,
      "name*": name,
      "client_id*": text({ pattern: /^[0-9a-f]{32}\.access$/, what: "a client id" }),
      "secret_digest*": hexDigits(64),
      "client_secret_version*": integer(0),
      previous: object({ "secret_digest*": hexDigits(64), "expires_at*": givenTime }),
      "duration*": tokenDuration,
      "expires_at*": nullable(time),
      "enabled*": flag,
      ...times,
    }),
    MAX_ENTRIES,
  ),
});
