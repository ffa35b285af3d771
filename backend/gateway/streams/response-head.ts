import type { StreamResult } from "../../surface/stream-grammar.ts";
import { apiHeaders } from "../http/headers.ts";

/** What an action sets of its response, by the names that moleculer-web has for it. */
export interface ResultMeta {
  $statusCode?: unknown;
  $responseType?: unknown;
  $responseHeaders?: unknown;
}

/** Headers that an action may set, besides the media type. */
const ALLOWED_HEADERS = new Set([
  "content-disposition",
  "content-language",
  "etag",
  "last-modified",
  "location",
  "retry-after",
]);
/** Headers that moleculer-web sets. */
const HEADERS_OF_MOLECULER_WEB = ["content-type", "content-length", "etag"];
const HEADER_VALUE = /^[\t\x20-\x7e]{1,1000}$/;
const STATUSES = new Set<unknown>([200, 201, 202, 204]);

const EVENT_STREAM = "text/event-stream";
/** Caching of content that never changes: a year, in the browser alone. */
const CACHE_FOR_A_YEAR = "private, max-age=31536000, immutable";

/** The headers that the action has set. Throws for a status, a media type or a header that the entry does not allow. */
export function headersOf(returns: StreamResult, meta: ResultMeta): ReadonlyMap<string, string> {
  const { $statusCode: status = 200, $responseType: type, $responseHeaders: given = {} } = meta;
  if (!STATUSES.has(status)) throw actionError(`the status ${String(status)}`, "200, 201, 202 or 204");
  const types = mediaTypesOf(returns);
  if (type !== undefined && !types.includes(String(type)))
    throw actionError(`the type ${String(type)}`, types.join(", "));
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(given as object)) {
    const key = name.toLowerCase();
    if (!ALLOWED_HEADERS.has(key)) throw actionError(`the header ${name}`, [...ALLOWED_HEADERS].join(", "));
    if (!HEADER_VALUE.test(String(value))) throw actionError(`a value of ${name}`, "printable ASCII");
    headers.set(key, String(value));
  }
  return headers;
}

const actionError = (what: string, allowed: string) =>
  new Error(`An action returns ${what}; its entry allows ${allowed}.`);

/** Media types that a response may have; the first one is that of an action that names none. */
export function mediaTypesOf(returns: StreamResult): readonly string[] {
  if (!("as" in returns)) return ["application/json; charset=utf-8"];
  return returns.as === "events" ? [EVENT_STREAM] : returns.types;
}

/**
 * The headers of the response. A browser never runs, frames or guesses the type of what users have uploaded, and caches
 * only content that never changes.
 */
export function responseHead(
  returns: StreamResult,
  status: number,
  made: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
): Record<string, string> {
  const headers: Record<string, string> = { ...apiHeaders };
  delete (headers as { "content-type"?: string })["content-type"];
  for (const name of HEADERS_OF_MOLECULER_WEB) {
    const value = made.get(name);
    if (value !== undefined) headers[name] = value;
  }
  Object.assign(headers, Object.fromEntries(own));
  if (!("as" in returns)) return headers;
  if (returns.as === "events") return { ...headers, "cache-control": "no-store, no-transform" };
  headers["content-security-policy"] = `${apiHeaders["content-security-policy"]}; sandbox`;
  headers["content-disposition"] ??= "attachment";
  if (returns.immutable && (status === 200 || status === 304)) headers["cache-control"] = CACHE_FOR_A_YEAR;
  return headers;
}
