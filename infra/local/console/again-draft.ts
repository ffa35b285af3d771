import type { AgainDraft, AgainRequest, MissingSecret } from "./again-data.ts";
import { ApiMistake } from "./api-response.ts";
import type { RecordedBodies, RecordedBody, RecordedExchange, RecordedHeaders } from "./console-data.ts";
import { MASK } from "./masker.ts";

/** Headers that say how a body is sent, and how long a connection lasts: they are made for what is sent. */
const MADE_HEADERS: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "trailer",
  "te",
  "keep-alive",
  "proxy-connection",
  "expect",
  "http2-settings",
]);
/** The same of those with which a WebSocket begins; other ones are made too. */
const HANDSHAKE: Readonly<Record<string, RegExp>> = {
  connection: /^(?:keep-alive\s*,\s*)?upgrade$/i,
  upgrade: /^websocket$/i,
};

/** Whether a header is made for what is sent, and not copied. */
export function isMade(name: string, value: string): boolean {
  const lower = name.toLowerCase();
  return MADE_HEADERS.has(lower) || HANDSHAKE[lower]?.test(value) === false;
}

/** Secrets that are named; clients can send any number. */
const MAX_MISSING = 100;

/** The recorded request as it can be sent again, and what of it is missing. */
export function draftOf(
  exchange: RecordedExchange,
  bodies: RecordedBodies | undefined,
  visitors: readonly string[],
): AgainDraft {
  const { ray, method, scheme, target, requestHeaders } = exchange;
  const headers = requestHeaders.filter(([name, value]) => !isMade(name, value));
  const body = bodies?.request;
  const bodyProblem = problemOfBody(exchange, body);
  const text = body === undefined || body.kind === "compressed" ? "" : body.content;
  const base64 = body?.kind === "text" ? Buffer.from(text).toString("base64") : text;
  return {
    request: { ray, method, scheme, target, headers, body: base64 },
    missing: [...inTarget(target), ...headers.flatMap(inHeader), ...(body?.kind === "text" ? inBody(text) : [])].slice(
      0,
      MAX_MISSING,
    ),
    ...(bodyProblem !== undefined && { bodyProblem }),
    visitors,
  };
}

/** Why a body is not kept as it was sent; undefined where it is, but for secrets. */
export function problemOfBody({ requestBytes }: RecordedExchange, body: RecordedBody | undefined): string | undefined {
  if (requestBytes === 0) return undefined;
  if (body === undefined) return "The body is no longer kept.";
  if (body.kind === "compressed") return "The body was compressed, and is not kept.";
  return body.isCut ? `The body had ${body.bytes} bytes; the first 64 KiB are kept.` : undefined;
}

/** The mask as it is, and as it is in a URL that is a parameter itself. */
const MASKS = [MASK, encodeURIComponent(MASK)];
const isMasked = (text: string): boolean => MASKS.some((mask) => text.includes(mask));

function inTarget(target: string): readonly MissingSecret[] {
  if (!isMasked(target)) return [];
  const [path = "", ...query] = target.split("?");
  const pairs = query.join("?").split("&").filter(isMasked);
  return [
    ...(isMasked(path) ? [{ place: "target", name: "path" } as const] : []),
    ...pairs.map((pair) => ({ place: "target", name: pair.split("=", 1)[0] ?? "" }) as const),
  ];
}

function inHeader([name, value]: RecordedHeaders[number]): readonly MissingSecret[] {
  if (!isMasked(value)) return [];
  if (name.toLowerCase() !== "cookie") return [{ place: "header", name }];
  return value
    .split(";")
    .filter(isMasked)
    .map((pair) => ({ place: "header", name: `${name}: ${pair.trim().split("=", 1)[0]}` }));
}

/** The name before each mask, where there is one: of JSON, a form, or a part of a multipart body. */
function inBody(text: string): readonly MissingSecret[] {
  const names = new Set<string>();
  for (const part of text.split(MASK, MAX_MISSING + 1).slice(0, -1)) {
    const near = part.slice(-200);
    const name =
      /([\w.~-]{1,100})["']?\s{0,4}[:=]\s{0,4}["']?[^"'=:&\s]{0,20}$/.exec(near)?.[1] ??
      /name="?([^";\r\n]{1,100})[^\r\n]*\r\n\r\n[^\r\n]*$/.exec(near)?.[1];
    names.add(name ?? "a part of it");
  }
  return [...names].map((name) => ({ place: "body", name }));
}

/** Bytes of a target, and of all headers, as the edge takes them. */
const MAX_TARGET_BYTES = 32 * 1024;
const MAX_HEADER_BYTES = 96 * 1024;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^\/[\x21\x22\x24-\xff]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Reads a request that the page sends. Throws an ApiMistake that says what is wrong with it. */
export function readAgainRequest(value: unknown, visitors: readonly string[]): AgainRequest {
  const given = (typeof value === "object" && value !== null ? value : {}) as Partial<Record<string, unknown>>;
  const { ray, method, scheme, target, headers, body, visitor } = given;
  const wrong = (message: string): never => {
    throw new ApiMistake(400, message);
  };
  if (typeof ray !== "string") return wrong("ray must be that of a recorded request.");
  if (typeof method !== "string" || method.length > 50 || !TOKEN.test(method)) return wrong("This is no HTTP method.");
  if (scheme !== "http" && scheme !== "https") return wrong("scheme must be http or https.");
  if (typeof target !== "string" || target.length > MAX_TARGET_BYTES || !TARGET.test(target)) {
    return wrong(
      "The target must be a path that begins with /, without spaces and #; other bytes are percent-encoded.",
    );
  }
  if (typeof body !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) return wrong("body must be base64.");
  if (!Array.isArray(headers)) return wrong("headers must be a list of names and values.");
  if (visitor !== undefined && !(typeof visitor === "string" && visitors.includes(visitor))) {
    return wrong(`There is no such visitor; there are ${visitors.join(", ")}.`);
  }
  const lines = headers.map((line: unknown): readonly [string, string] => {
    const [name, text] = Array.isArray(line) ? (line as unknown[]) : [];
    if (typeof name !== "string" || !TOKEN.test(name)) return wrong(`${JSON.stringify(name)} is no name of a header.`);
    if (typeof text !== "string" || !VALUE.test(text)) return wrong(`The value of ${name} has control characters.`);
    if (isMade(name, text)) return wrong(`${name} is made for what is sent: leave it out.`);
    return [name, text];
  });
  const bytes = lines.reduce((sum, [name, text]) => sum + name.length + text.length + 4, 0);
  if (bytes > MAX_HEADER_BYTES) return wrong(`The headers have ${bytes} bytes; ${MAX_HEADER_BYTES} are allowed.`);
  if (lines.filter(([name]) => name.toLowerCase() === "host").length !== 1) return wrong("One Host is needed.");
  return { ray, method, scheme, target, headers: lines, body, ...(visitor !== undefined && { visitor }) };
}
