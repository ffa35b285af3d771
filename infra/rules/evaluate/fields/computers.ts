/**
 * How each field that a local edge can know is made from a request:
 * https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/
 */
import { parseIp } from "../../language/ip-address.ts";
import { urlDecode } from "../encoding.ts";
import { hash32 } from "../hash.ts";
import { lowerAscii } from "../match-wildcard.ts";
import type { RequestFacts, ResponseFacts } from "../request.ts";
import type { Value } from "../value.ts";
import { normalizePath } from "./normalize-path.ts";
import { byName, extensionOf, header, headerPairs, type Pairs, pathOf, queryOf, queryPairs } from "./parts.ts";

/** What a field is computed from: other fields of the same request are read by name, so that each is computed once. */
export interface Source {
  readonly facts: RequestFacts;
  /** Absent until the origin has responded. */
  readonly response: ResponseFacts | undefined;
  get(field: string): Value;
}

/** Computes a value; undefined where it does not follow from the request. */
export type Computer = (source: Source) => Value | undefined;

const uriFields = (prefix: string): Record<string, Computer> => {
  const args = (source: Source): Pairs => queryPairs(source.get(`${prefix}.uri.query`) as string);
  return {
    [`${prefix}.full_uri`]: (source) => `${source.facts.scheme}://${source.facts.host}${source.get(`${prefix}.uri`)}`,
    [`${prefix}.uri.path.extension`]: (source) => extensionOf(source.get(`${prefix}.uri.path`) as string),
    [`${prefix}.uri.query`]: ({ facts }) => queryOf(facts.uri),
    [`${prefix}.uri.args`]: (source) => byName(args(source)),
    [`${prefix}.uri.args.names`]: (source) => args(source).names,
    [`${prefix}.uri.args.values`]: (source) => args(source).values,
  };
};

const headerFields = (
  prefix: string,
  headers: (source: Source) => RequestFacts["headers"] | undefined,
): Record<string, Computer> => {
  const when =
    (make: (lines: RequestFacts["headers"]) => Value): Computer =>
    (source) => {
      const lines = headers(source);
      return lines && make(lines);
    };
  return {
    [prefix]: when((lines) => byName(headerPairs(lines), lowerAscii)),
    [`${prefix}.names`]: when((lines) => headerPairs(lines).names),
    [`${prefix}.values`]: when((lines) => headerPairs(lines).values),
  };
};

/** Names are decoded and merged, values stay as they are. */
function cookies(source: Source): Value {
  const names: string[] = [];
  const values: string[] = [];
  for (const part of (source.get("http.cookie") as string).split(";")) {
    const cookie = part.trim();
    if (cookie === "") continue;
    const equals = cookie.indexOf("=");
    names.push(urlDecode(equals < 0 ? cookie : cookie.slice(0, equals), ""));
    values.push(equals < 0 ? "" : cookie.slice(equals + 1));
  }
  return byName({ names, values });
}

/** A seed that is the same for the same request, so that a run can be repeated. */
function seed({ facts }: Source): string {
  const request = `${facts.at} ${facts.ip} ${facts.method} ${facts.host}${facts.uri}`;
  let bytes = "";
  for (let word = 0; word < 8; word += 1) {
    const hash = hash32(request, hash32(String(word)));
    bytes += String.fromCharCode(hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255);
  }
  return bytes;
}

function port({ facts }: Source): number {
  const written = /:(\d{1,5})$/.exec(facts.host)?.[1];
  return written ? Number(written) : facts.scheme === "https" ? 443 : 80;
}

/** Without a client certificate, Booleans are false and texts empty. */
const NO_CERTIFICATE: Record<string, Computer> = Object.fromEntries([
  ...["cert_chain_rfc9440_too_large", "cert_presented", "cert_revoked", "cert_rfc9440_too_large", "cert_verified"].map(
    (name): [string, Computer] => [`cf.tls_client_auth.${name}`, () => false],
  ),
  ...[
    "cert_chain_rfc9440",
    "cert_fingerprint_sha1",
    "cert_fingerprint_sha256",
    "cert_issuer_dn",
    "cert_issuer_dn_legacy",
    "cert_issuer_dn_rfc2253",
    "cert_issuer_serial",
    "cert_issuer_ski",
    "cert_not_after",
    "cert_not_before",
    "cert_rfc9440",
    "cert_serial",
    "cert_ski",
    "cert_subject_dn",
    "cert_subject_dn_legacy",
    "cert_subject_dn_rfc2253",
  ].map((name): [string, Computer] => [`cf.tls_client_auth.${name}`, () => ""]),
]);

export const COMPUTERS: Readonly<Record<string, Computer>> = {
  true: () => true,
  ssl: ({ facts }) => facts.scheme === "https",
  "http.host": ({ facts }) => facts.host,
  "http.request.method": ({ facts }) => facts.method,
  "http.request.version": ({ facts }) => facts.version,
  "http.request.timestamp.sec": ({ facts }) => Math.floor(facts.at / 1000),
  "http.request.timestamp.msec": ({ facts }) => Math.floor(facts.at % 1000),
  "http.user_agent": ({ facts }) => header(facts, "user-agent"),
  "http.referer": ({ facts }) => header(facts, "referer"),
  "http.cookie": ({ facts }) => header(facts, "cookie", "; "),
  "http.x_forwarded_for": ({ facts }) => header(facts, "x-forwarded-for"),
  "http.request.cookies": cookies,
  ...headerFields("http.request.headers", ({ facts }) => facts.headers),
  ...headerFields("raw.http.request.headers", ({ facts }) => facts.headers),
  "http.request.accepted_languages": ({ facts }) => acceptedLanguages(header(facts, "accept-language", ", ")),
  "http.request.headers.truncated": () => false,
  ...uriFields("http.request"),
  ...uriFields("raw.http.request"),
  "http.request.uri.path": ({ facts }) => normalizePath(pathOf(facts.uri)),
  "raw.http.request.uri.path": ({ facts }) => pathOf(facts.uri),
  "http.request.uri": (source) => {
    const { uri } = source.facts;
    const mark = uri.indexOf("?");
    return `${source.get("http.request.uri.path")}${mark < 0 ? "" : uri.slice(mark)}`;
  },
  "raw.http.request.uri": ({ facts }) => facts.uri,
  "ip.src": ({ facts }) => parseIp(facts.ip),
  "cf.edge.client_tcp": ({ facts }) => facts.version !== "HTTP/3",
  "cf.edge.server_port": port,
  "cf.random_seed": seed,
  "cf.ray_id": (source) => toHex(seed(source).slice(0, 8)),
  // Retired: always 0.
  "cf.threat_score": () => 0,
  "cf.worker.upstream_zone": () => "",
  ...NO_CERTIFICATE,
  "http.response.code": ({ response }) => response?.status,
  "http.response.content_type.media_type": ({ response }) => response && mediaType(response),
  ...headerFields("http.response.headers", ({ response }) => response?.headers),
  ...headerFields("raw.http.response.headers", ({ response }) => response?.headers),
  "http.response.headers.truncated": ({ response }) => response && false,
};

/**
 * The language tags of an Accept-Language header, the one with the largest weight first, without `*` (RFC 9110 section
 * 12.5.4,
 * https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/http.request.accepted_languages/).
 */
function acceptedLanguages(value: string): readonly string[] {
  const languages = value.split(",").map((part) => {
    const [tag = "", ...parameters] = part.split(";").map((one) => one.trim());
    const weight = parameters
      .map((one) => /^q=([01](?:\.\d{0,3})?)$/i.exec(one)?.[1])
      .find((found) => found !== undefined);
    return { tag, weight: Number(weight ?? 1) };
  });
  return languages
    .filter(({ tag }) => tag !== "" && tag !== "*")
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

function toHex(bytes: string): string {
  return [...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** Of Content-Type without parameters, lower case. */
function mediaType(response: ResponseFacts): string {
  const line = response.headers.find(([name]) => lowerAscii(name) === "content-type")?.[1] ?? "";
  return lowerAscii(line.split(";", 1)[0]?.trim() ?? "");
}
