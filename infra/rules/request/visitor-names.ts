/**
 * The names that a visitor's values have in `Local-Visitor` and on a command line, and what they may be.
 * Values: https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/
 */
import { didYouMeanField } from "../check/suggest.ts";
import type { FieldValue } from "../evaluate/request.ts";
import { SCHEMA, type SchemaField } from "../schema/schema.ts";
import { typeName } from "../schema/type.ts";

interface ValueLimit {
  readonly holds: (value: FieldValue) => boolean;
  readonly words: string;
}

/** One name, the field that it gives, and what its value must be. */
export interface VisitorName {
  readonly name: string;
  readonly field: SchemaField;
  /** What a value must be beside its field's type, and that in words. */
  readonly limit?: ValueLimit;
}

const between = (least: number, most: number): ValueLimit => ({
  holds: (value) => Number(value) >= least && Number(value) <= most,
  words: `a whole number from ${least} to ${most}`,
});
const like = (pattern: RegExp, words: string): ValueLimit => ({ holds: (value) => pattern.test(String(value)), words });

const ATTACK_SCORE = between(1, 99);
const COUNTRY = like(/^[A-Z][A-Z1]$/, "two capital letters of ISO 3166-1 such as DE, or XX (unknown) or T1 (Tor)");
const CONTINENT = like(/^(AF|AN|AS|EU|NA|OC|SA|T1)$/, "one of AF, AN, AS, EU, NA, OC, SA, T1");
const TLS_VERSION = like(/^TLSv1(\.[123])?$/, "one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3");
const THREAT_SCORE: ValueLimit = { holds: (value) => value === 0, words: "0, because Cloudflare retired it" };

type VisitorNameRow = readonly [name: string, field: string, limit?: ValueLimit];

const ROWS: readonly VisitorNameRow[] = [
  ["ip", "ip.src"],
  ["user_agent", "http.user_agent"],
  ["country", "ip.src.country", COUNTRY],
  ["continent", "ip.src.continent", CONTINENT],
  ["region", "ip.src.region"],
  ["region_code", "ip.src.region_code"],
  ["city", "ip.src.city"],
  ["postal_code", "ip.src.postal_code"],
  ["metro_code", "ip.src.metro_code"],
  ["lat", "ip.src.lat"],
  ["lon", "ip.src.lon"],
  ["timezone", "ip.src.timezone.name"],
  ["eu", "ip.src.is_in_european_union"],
  ["asn", "ip.src.asnum", between(0, 0xffffffff)],
  ["bot_score", "cf.bot_management.score", between(0, 99)],
  ["verified_bot", "cf.bot_management.verified_bot"],
  ["bot_category", "cf.verified_bot_category"],
  ["known_bot", "cf.client.bot"],
  ["corporate_proxy", "cf.bot_management.corporate_proxy"],
  ["js_passed", "cf.bot_management.js_detection.passed"],
  ["ja3", "cf.bot_management.ja3_hash"],
  ["ja4", "cf.bot_management.ja4"],
  ["threat_score", "cf.threat_score", THREAT_SCORE],
  ["attack_score", "cf.waf.score", ATTACK_SCORE],
  ["attack_score_sqli", "cf.waf.score.sqli", ATTACK_SCORE],
  ["attack_score_xss", "cf.waf.score.xss", ATTACK_SCORE],
  ["attack_score_rce", "cf.waf.score.rce", ATTACK_SCORE],
  ["attack_class", "cf.waf.score.class"],
  ["password_leaked", "cf.waf.credential_check.password_leaked"],
  ["tls_version", "cf.tls_version", TLS_VERSION],
  ["tls_cipher", "cf.tls_cipher"],
  ["cert_presented", "cf.tls_client_auth.cert_presented"],
  ["cert_verified", "cf.tls_client_auth.cert_verified"],
];

/** The short names. */
export const VISITOR_NAMES: readonly VisitorName[] = ROWS.map(([name, field, limit]) => {
  const known = SCHEMA.fields.get(field);
  if (!known) throw new Error(`invariant: the short name ${name} gives ${field}, which is no field`);
  return { name, field: known, ...(limit && { limit }) };
});

/** The short names alone, for suggestions. */
export const SHORT_NAMES: readonly string[] = VISITOR_NAMES.map(({ name }) => name);

const BY_NAME: ReadonlyMap<string, VisitorName> = new Map(VISITOR_NAMES.map((one) => [one.name, one]));
const BY_FIELD: ReadonlyMap<string, VisitorName> = new Map(VISITOR_NAMES.map((one) => [one.field.name, one]));
/** Fields of the zone, not of the visitor. */
const OF_THE_ZONE = /^cf\.(zone|hostname)\./;

/**
 * Looks up a short name, or the full name of a field about a visitor; for a deprecated field it returns the successor.
 */
export function visitorName(written: string): VisitorName | undefined {
  const short = BY_NAME.get(written);
  if (short) return short;
  const field = SCHEMA.fields.get(written);
  if (!field) return undefined;
  const current = field.replacedBy === undefined ? field : (SCHEMA.fields.get(field.replacedBy) ?? field);
  const known = BY_FIELD.get(current.name);
  if (known) return known;
  const { name, source } = current;
  const tellsOfVisitor = source === "cloudflare" || source === "tls" || source === "token";
  return tellsOfVisitor && !OF_THE_ZONE.test(name) ? { name, field: current } : undefined;
}

/** The full name of a field for a short one; any other name as it is. */
export function fieldOfShortName(written: string): string {
  return BY_NAME.get(written)?.field.name ?? written;
}

/** The number of an autonomous system as people write it: `AS64496` is 64496. Texts of other fields stay. */
export function withoutAsPrefix(field: string, text: string): string {
  return field === "ip.src.asnum" ? text.replace(/^AS(?=[0-9]+$)/i, "") : text;
}

/** What a value of the right type must be all the same, as the end of a sentence; undefined where it is. */
export function limitProblem({ limit }: VisitorName, value: FieldValue): string | undefined {
  return limit === undefined || limit.holds(value) ? undefined : `it must be ${limit.words}`;
}

const EXAMPLE = "ip=203.0.113.7; country=DE; bot_score=2";

/** What a visitor's text looks like, and every short name with its type: for messages. */
export function visitorNotation(): string {
  const names = VISITOR_NAMES.map(({ name, field }) => `${name} (${typeName(field.type)})`).join(", ");
  return `write NAME=VALUE, divided by semicolons, for example ${EXAMPLE}; names are ${names}, and full field names`;
}

/** The message for a name that no visitor has, with the name that was probably meant, and all names. */
export function unknownName(name: string): string {
  if (SCHEMA.fields.has(name)) {
    return (
      `${name} is not a property of a visitor: it comes with the request, the response or the zone; ` +
      `${visitorNotation()}`
    );
  }
  const meant = didYouMeanField(name, SCHEMA, SHORT_NAMES);
  return `${quote(name)} is no property of a visitor${meant ? `; ${meant}` : ""}; ${visitorNotation()}`;
}

/** A text in quotes, cut where it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
