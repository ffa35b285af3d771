/**
 * What the functions do with values: https://developers.cloudflare.com/ruleset-engine/rules-language/functions/. A
 * missing argument makes the result missing, except where a comment names another result.
 */
import { type IpAddress, mask } from "../language/ip-address.ts";
import { toInteger } from "../language/read-literal.ts";
import { decodeBase64, encodeBase64, urlDecode } from "./encoding.ts";
import { hashInRange } from "./hash.ts";
import { lookUpJson } from "./json.ts";
import { lowerAscii, upperAscii } from "./match-wildcard.ts";
import { hmacSha256, sha256 } from "./sha256.ts";
import type { Value } from "./value.ts";

/** Runs a function on its arguments; undefined is a missing value. */
export type Implementation = (...args: (Value | undefined)[]) => Value | undefined;

/** A function of which every argument must be there. */
function strict(run: (...args: Value[]) => Value | undefined): Implementation {
  return (...args) => {
    for (const arg of args) if (arg === undefined) return undefined;
    return run(...(args as Value[]));
  };
}

const text = (value: Value | undefined): string => value as string;
const int = (value: Value | undefined): number => Number(value);

function length(value: Value | undefined): Value | undefined {
  return value === undefined ? undefined : (value as string | readonly Value[]).length;
}

/** Joins what is there; missing only if everything is. */
function concat(...args: (Value | undefined)[]): Value | undefined {
  const present = args.filter((arg) => arg !== undefined);
  if (present.length === 0) return undefined;
  return typeof present[0] === "string" ? present.join("") : present.flatMap((array) => array as Value[]);
}

/** Byte positions; negative ones count from the end. */
function substring(value: Value, start: Value, end?: Value): Value {
  return text(value).slice(int(start), end === undefined ? undefined : int(end));
}

function removeBytes(value: Value, bytes: Value): Value {
  const removed = new Set(text(bytes));
  return [...text(value)].filter((byte) => !removed.has(byte)).join("");
}

function hasValue(container: Value, wanted: Value): Value {
  const values = container instanceof Map ? [...container.values()] : (container as readonly Value[]);
  return values.some((value) => sameValue(value, wanted));
}

function sameValue(left: Value, right: Value): boolean {
  return typeof left === "object" ? JSON.stringify(left) === JSON.stringify(right) : left === right;
}

/** At most `limit` parts; the last keeps the remainder. */
function split(value: Value, separator: Value, limit: Value): Value {
  const parts = text(value).split(text(separator));
  const most = int(limit);
  if (parts.length <= most) return parts;
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(text(separator))];
}

/**
 * `MessageMAC` is the message, any separator of `separatorLength` bytes, ten digits of seconds, a hyphen and the base64
 * of HMAC-SHA256 over message and seconds.
 * https://developers.cloudflare.com/waf/custom-rules/use-cases/configure-token-authentication/
 */
function isTimedHmacValid(
  key: Value,
  messageMac: Value,
  ttl: Value,
  now: Value,
  separatorLength?: Value,
  flags?: Value,
): Value {
  const whole = text(messageMac);
  // From the right: a MAC of at least 43 characters, before it a hyphen, before that 10 digits.
  const match = /^(.+)(\d{10})-(.{43,})$/s.exec(whole);
  if (!match) return false;
  const [, before = "", seconds = "", mac = ""] = match;
  const message = before.slice(0, before.length - int(separatorLength ?? 0));
  const expected = hmacSha256(text(key), message + seconds);
  const urlSafe = text(flags ?? "").includes("s");
  const written = urlSafe ? mac : urlDecode(mac, "");
  const wanted = encodeBase64(expected, urlSafe ? "u" : "p");
  return equalInConstantTime(written, wanted) && int(now) < Number(seconds) + int(ttl);
}

function equalInConstantTime(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let at = 0; at < right.length; at += 1) difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}

function removeQueryArgs(query: Value, ...names: Value[]): Value {
  const removed = new Set(names);
  return text(query)
    .split("&")
    .filter((pair) => !removed.has(pair.split("=", 1)[0] ?? ""))
    .join("&");
}

/** Version 4 layout of the first 16 bytes of the seed, RFC 9562 section 5.4. */
function uuidv4(seed: Value): Value {
  const bytes = [...text(seed).padEnd(16, "\0").slice(0, 16)].map((byte) => byte.charCodeAt(0));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** By name, but for those of prepared-functions.ts; what reads a JWT needs a configuration. */
export const IMPLEMENTATIONS: Readonly<Record<string, Implementation>> = {
  lower: (value) => (value === undefined ? undefined : lowerAscii(text(value))),
  upper: (value) => (value === undefined ? undefined : upperAscii(text(value))),
  len: length,
  concat,
  starts_with: (value, start) =>
    value === undefined || start === undefined ? undefined : text(value).startsWith(text(start)),
  ends_with: (value, end) => (value === undefined || end === undefined ? undefined : text(value).endsWith(text(end))),
  substring: strict(substring),
  url_decode: strict((value, options = "") => urlDecode(text(value), text(options))),
  decode_base64: strict((value) => decodeBase64(text(value))),
  encode_base64: strict((value, flags = "") => encodeBase64(text(value), text(flags))),
  remove_bytes: strict(removeBytes),
  cidr: strict((ip, four, six) => mask(ip as IpAddress, typeof ip === "number" ? int(four) : int(six))),
  cidr6: strict((ip, six) => (typeof ip === "number" ? ip : mask(ip as IpAddress, int(six)))),
  lookup_json_string: strict((json, ...path) => {
    const found = lookUpJson(text(json), path as (string | number)[]);
    return found?.kind === "string" ? found.value : undefined;
  }),
  lookup_json_integer: strict((json, ...path) => {
    const found = lookUpJson(text(json), path as (string | number)[]);
    return found?.kind === "integer" ? toInteger(found.value) : undefined;
  }),
  has_key: strict((map, key) => (map as ReadonlyMap<string, Value>).has(text(key))),
  has_value: strict(hasValue),
  join: strict((array, separator) => (array as readonly string[]).join(text(separator))),
  split: strict(split),
  // The first argument that is there.
  coalesce: (...args) => args.find((arg) => arg !== undefined),
  hash_in_range: strict((low, high, ...values) => hashInRange(int(low), int(high), values)),
  is_timed_hmac_valid_v0: strict(isTimedHmacValid),
  to_string: strict((value) => String(value)),
  sha256: strict((value) => sha256(text(value))),
  uuidv4: strict(uuidv4),
  remove_query_args: strict(removeQueryArgs),
};
