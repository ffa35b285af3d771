import type { FieldValue, RequestFacts } from "../evaluate/request.ts";
import { shown as describe } from "../ruleset/diagnostic.ts";
import { type Defaults, type Draft, NotationError, shortened, shown, toFacts, toTime, toVersion } from "./draft.ts";
import { parseLine } from "./line.ts";

type JsonFields = Readonly<Record<string, unknown>>;

/**
 * HAR 1.2 (a file, or one of its entries), or JSON of our own: `{ "request": "GET /path", "headers": {...}, "ip":
 * "...", "at": ..., "body": "...", "given": {...} }`, alone or in an array; instead of `request` also `method` and
 * `url`.
 */
export function parseJson(text: string, defaults: Defaults): readonly RequestFacts[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NotationError(
      `this request starts like JSON but is not: ${error instanceof Error ? error.message : error}`,
    );
  }
  const log = isFields(value) && isFields(value.log) ? value.log.entries : undefined;
  const entries = Array.isArray(log) ? log : Array.isArray(value) ? value : [value];
  return entries.map((entry) => {
    if (!isFields(entry)) throw new NotationError(`${shortened(describe(entry))} is no request`);
    return isFields(entry.request) ? harEntry(entry, entry.request, defaults) : own(entry, defaults);
  });
}

function harEntry(entry: JsonFields, request: JsonFields, defaults: Defaults): RequestFacts {
  // HTTP/2 pseudo-headers are not headers.
  const headers = headersOf(request.headers).filter(([name]) => !name.startsWith(":"));
  const body =
    isFields(request.postData) && typeof request.postData.text === "string" ? request.postData.text : undefined;
  const draft: Draft = {
    method: text(request.method, "request.method"),
    target: text(request.url, "request.url"),
    version: toVersion(typeof request.httpVersion === "string" ? request.httpVersion : ""),
    headers,
    at: typeof entry.startedDateTime === "string" ? toTime(entry.startedDateTime) : undefined,
    body,
    given: given(entry.given),
  };
  return toFacts(draft, defaults);
}

const KNOWN = ["request", "method", "url", "uri", "host", "version", "headers", "ip", "at", "body", "given"];

function own(entry: JsonFields, defaults: Defaults): RequestFacts {
  const unknown = Object.keys(entry).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined)
    throw new NotationError(`${shown(unknown)} is not part of a request; there are ${KNOWN.join(", ")}`);
  const line = typeof entry.request === "string" ? parseLine(entry.request, defaults) : undefined;
  const target = entry.url ?? entry.uri ?? (line && `${line.scheme}://${line.host}${line.uri}`);
  const headers = headersOf(entry.headers);
  const draft: Draft = {
    method: optionalText(entry.method, "method") ?? line?.method,
    target: text(target, 'request", "url" or "uri'),
    host: optionalText(entry.host, "host"),
    version: entry.version === undefined ? undefined : toVersion(text(entry.version, "version")),
    headers: [...(line?.headers.filter(([name]) => name !== "Host") ?? []), ...headers],
    ip: optionalText(entry.ip, "ip") ?? line?.ip,
    at: entry.at === undefined ? line?.at : toTime(typeof entry.at === "number" ? entry.at : text(entry.at, "at")),
    body: optionalText(entry.body, "body") ?? line?.body,
    given: { ...line?.given, ...given(entry.given) },
  };
  return toFacts(draft, defaults);
}

/** HAR's list of names and values, pairs, or an object whose values may be lists. */
function headersOf(value: unknown): readonly (readonly [string, string])[] {
  if (value === undefined) return [];
  if (Array.isArray(value))
    return value.map((header: unknown) => {
      if (Array.isArray(header)) return [text(header[0], "headers"), text(header[1], "headers")];
      const named = isFields(header) ? header : {};
      return [text(named.name, "headers"), text(named.value, "headers")];
    });
  if (!isFields(value)) throw new NotationError('"headers" is an object or a list of names and values');
  return Object.entries(value).flatMap(([name, lines]) =>
    (Array.isArray(lines) ? lines : [lines]).map((line): [string, string] => [name, text(line, `headers.${name}`)]),
  );
}

function given(value: unknown): Readonly<Record<string, FieldValue>> | undefined {
  if (value === undefined) return undefined;
  if (!isFields(value)) throw new NotationError('"given" is an object of fields and their values');
  return value as Record<string, FieldValue>;
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new NotationError(
    `"${name}" should be text, but is ${value === undefined ? "missing" : shortened(describe(value))}`,
  );
}

function optionalText(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : text(value, name);
}

function isFields(value: unknown): value is JsonFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
