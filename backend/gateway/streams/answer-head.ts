import type { StreamAnswer } from "../../surface/stream-grammar.ts";
import { apiHeaders } from "../http/headers.ts";

/** What an action says about its answer, in moleculer-web's words. */
export interface AnswerMeta {
  $statusCode?: unknown;
  $responseType?: unknown;
  $responseHeaders?: unknown;
}

/** What an action may say about its answer beside status and media type. */
const ALLOWED = new Set([
  "content-disposition",
  "content-language",
  "etag",
  "last-modified",
  "location",
  "retry-after",
]);
/** Headers that moleculer-web makes. */
const MADE = ["content-type", "content-length", "etag"];
const VALUE = /^[\t\x20-\x7e]{1,1000}$/;
const STATUSES = new Set<unknown>([200, 201, 202, 204]);

const EVENT_STREAM = "text/event-stream";
/** Longest time for which a browser keeps what never changes. */
const YEAR = "private, max-age=31536000, immutable";

/** Headers of the answer as the action has set them; throws where it says what no answer of the entry may. */
export function headersOf(answers: StreamAnswer, meta: AnswerMeta): ReadonlyMap<string, string> {
  const { $statusCode: status = 200, $responseType: type, $responseHeaders: given = {} } = meta;
  if (!STATUSES.has(status)) throw mistake(`the status ${String(status)}`, "200, 201, 202 or 204");
  const types = mediaTypesOf(answers);
  if (type !== undefined && !types.includes(String(type))) throw mistake(`the type ${String(type)}`, types.join(", "));
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(given as object)) {
    const key = name.toLowerCase();
    if (!ALLOWED.has(key)) throw mistake(`the header ${name}`, [...ALLOWED].join(", "));
    if (!VALUE.test(String(value))) throw mistake(`a value of ${name}`, "printable ASCII");
    headers.set(key, String(value));
  }
  return headers;
}

const mistake = (what: string, allowed: string) =>
  new Error(`An action answers with ${what}; its entry allows ${allowed}.`);

/** Media types that an answer may have; the first is the one of an action that names none. */
export function mediaTypesOf(answers: StreamAnswer): readonly string[] {
  if (!("as" in answers)) return ["application/json; charset=utf-8"];
  return answers.as === "events" ? [EVENT_STREAM] : answers.types;
}

/**
 * The head of the response. Bytes of users are never run, framed or guessed at by a browser, and nothing but what
 * never changes is kept.
 */
export function responseHead(
  answers: StreamAnswer,
  status: number,
  made: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
): Record<string, string> {
  const headers: Record<string, string> = { ...apiHeaders };
  delete (headers as { "content-type"?: string })["content-type"];
  for (const name of MADE) {
    const value = made.get(name);
    if (value !== undefined) headers[name] = value;
  }
  Object.assign(headers, Object.fromEntries(own));
  if (!("as" in answers)) return headers;
  if (answers.as === "events") return { ...headers, "cache-control": "no-store, no-transform" };
  headers["content-security-policy"] = `${apiHeaders["content-security-policy"]}; sandbox`;
  headers["content-disposition"] ??= "attachment";
  if (answers.immutable && (status === 200 || status === 304)) headers["cache-control"] = YEAR;
  return headers;
}
