import { toBytes } from "../bytes.ts";
import { didYouMeanField } from "../check/suggest.ts";
import type { FieldValue, RequestFacts } from "../evaluate/request.ts";
import { parseIp } from "../language/ip-address.ts";
import { SCHEMA } from "../schema/schema.ts";
import { fieldOfShortName, SHORT_NAMES } from "./visitor-names.ts";

/** A text that is no request; the message has what is wrong and what is expected. */
export class NotationError extends Error {
  readonly code = "REQUEST_NOTATION";
}

/** What a notation may leave out. */
export interface Defaults {
  /** `example.com` if absent. */
  readonly host?: string;
  /** 198.18.0.1 if absent: of the network for measurements (RFC 2544), which few rules name. */
  readonly ip?: string;
  /** HTTP/1.1 if absent. */
  readonly version?: RequestFacts["version"];
  /** Milliseconds since the UNIX epoch; 0 if absent. */
  readonly at?: number;
}

/** A request in ordinary text, before its bytes. */
export interface Draft {
  readonly method?: string | undefined;
  /** `/path?query` or a whole URL. */
  readonly target: string;
  readonly host?: string | undefined;
  readonly version?: RequestFacts["version"] | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly ip?: string | undefined;
  /** Milliseconds. */
  readonly at?: number | undefined;
  readonly body?: string | undefined;
  readonly given?: Readonly<Record<string, FieldValue>> | undefined;
}

/** @throws NotationError where the target, an address or the method cannot be */
export function toFacts(draft: Draft, defaults: Defaults): RequestFacts {
  const url = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(draft.target);
  const path = url ? url[3] || "/" : draft.target.replace(/#.*$/s, "");
  if (!path.startsWith("/") && !path.startsWith("?"))
    throw new NotationError(
      `${shown(draft.target)} is neither a path that starts with / nor a URL with http:// or https://`,
    );
  const method = draft.method ?? "GET";
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) throw new NotationError(`${shown(method)} is no HTTP method`);
  const ip = draft.ip ?? defaults.ip ?? "198.18.0.1";
  if (parseIp(ip) === undefined) throw new NotationError(`${shown(ip)} is no IP address`);
  const header = draft.headers.find(([name]) => name.toLowerCase() === "host")?.[1];
  for (const [name, value] of draft.headers) {
    // a line end in a value would begin another header
    if (!HEADER_NAME.test(name) || /[\0\r\n]/.test(value))
      throw new NotationError(
        `${shown(`${name}: ${value}`)} is no header: check its name, and the value for line ends`,
      );
  }
  const host = header ?? draft.host ?? url?.[2]?.replace(/^.*@/, "") ?? defaults.host ?? "example.com";
  const headers = header === undefined ? [["Host", host] as const, ...draft.headers] : draft.headers;
  return {
    method: toBytes(method),
    host: toBytes(host),
    uri: toBytes(path.startsWith("?") ? `/${path}` : path),
    version: draft.version ?? defaults.version ?? "HTTP/1.1",
    scheme: url?.[1]?.toLowerCase() === "http" ? "http" : "https",
    headers: headers.map(([name, value]) => [toBytes(name), toBytes(value)]),
    ip,
    at: draft.at ?? defaults.at ?? 0,
    ...(draft.body !== undefined && { body: toBytes(draft.body) }),
    ...(draft.given && Object.keys(draft.given).length > 0 && { given: givenFields(draft.given) }),
  };
}

/** Text as bytes, for fields that exist, by their full names. */
function givenFields(given: Readonly<Record<string, FieldValue>>): Readonly<Record<string, FieldValue>> {
  const values: Record<string, FieldValue> = {};
  for (const [written, value] of Object.entries(given)) {
    if (written === "ip") throw new NotationError('an address is not given: write from ADDRESS, or in JSON "ip"');
    if (written === "user_agent") {
      throw new NotationError('a user agent is not given: write as "NAME", or in JSON the header User-Agent');
    }
    const name = fieldOfShortName(written);
    if (!SCHEMA.fields.has(name)) {
      const meant = didYouMeanField(name, SCHEMA, SHORT_NAMES);
      throw new NotationError(`a value is given for ${name}, but there is no such field${meant ? `; ${meant}` : ""}`);
    }
    if (Object.hasOwn(values, name)) throw new NotationError(`${name} is given twice; give one value`);
    values[name] = bytesOf(value);
  }
  return values;
}

/** Lists and objects in one another; no field has as many. */
const MAX_DEPTH = 16;

function bytesOf(value: FieldValue, depth = 0): FieldValue {
  if (depth > MAX_DEPTH) throw new NotationError("a value is given that is nested too deep for every field");
  if (typeof value === "string") return toBytes(value);
  if (Array.isArray(value)) return value.map((element: FieldValue) => bytesOf(element, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => [toBytes(key), bytesOf(element as FieldValue, depth + 1)]),
  );
}

/** A text of the user for a message: not more of it than a line. */
export function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The same in quotes. */
export function shown(text: string): string {
  return `"${shortened(text)}"`;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r\n]*)$/;

/** `Name: value`. A value holds no line end: what follows would be another header. */
export function splitHeader(line: string): readonly [name: string, value: string] {
  const [, name, value = ""] = HEADER.exec(line) ?? [];
  if (!name) throw new NotationError(`${shown(line)} is no header; write "Name: value"`);
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value, start)) start += 1;
  while (end > start && isBlank(value, end - 1)) end -= 1;
  return [name, value.slice(start, end)];
}

function isBlank(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\t";
}

/** A time as ISO 8601 or milliseconds since the UNIX epoch. */
export function toTime(written: string | number): number {
  const time = typeof written === "number" ? written : /^\d+$/.test(written) ? Number(written) : Date.parse(written);
  if (!Number.isFinite(time))
    throw new NotationError(`${shown(String(written))} is no time; write 2026-11-01T10:00:00Z or milliseconds`);
  return time;
}

/** An HTTP version as any of the notations writes it. */
export function toVersion(written: string): RequestFacts["version"] {
  const lower = written.toLowerCase();
  if (lower === "http/1.0") return "HTTP/1.0";
  if (/^(http\/2(\.0)?|h2)$/.test(lower)) return "HTTP/2";
  return /^(http\/3(\.0)?|h3)/.test(lower) ? "HTTP/3" : "HTTP/1.1";
}
