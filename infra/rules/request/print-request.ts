import { fromBytes } from "../bytes.ts";
import type { FieldValue, RequestFacts } from "../evaluate/request.ts";
import { printableLiteral, UNPRINTABLE } from "../unprintable.ts";
import type { Defaults } from "./draft.ts";
import { parseRequests } from "./notation.ts";

/** What of a request a notation holds: not when it arrived, and where. */
export type PrintedRequest = Omit<RequestFacts, "at" | "colo" | "clearance">;

/**
 * Writes a request as one line that `parseRequests` reads back with these defaults: `GET /admin as "curl/8"`, or JSON
 * where the short notation cannot say it. All of the line is printable. Undefined where a part is no UTF-8 or no
 * notation has it. The header Host is left out: the host is in the URL.
 */
export function printRequest(request: PrintedRequest, defaults: Defaults = {}): string | undefined {
  const asText = textsOf(request);
  if (asText === undefined) return undefined;
  return [lineOf(asText, defaults), jsonOf(asText)].find((text) => isPrinted(text, request, defaults));
}

/** Whether a text is printable, and stands for this request. */
function isPrinted(text: string, request: PrintedRequest, defaults: Defaults): boolean {
  if (UNPRINTABLE.test(text)) return false;
  const read = parseRequests(text, defaults);
  const [first, ...more] = read.ok ? read.requests : [];
  return first !== undefined && more.length === 0 && compared(first) === compared(request);
}

function compared({ method, host, uri, version, scheme, headers, ip, body, given = {} }: PrintedRequest): string {
  const lines = headers.filter(([name]) => name.toLowerCase() !== "host");
  const fields = Object.entries(given).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([method, host, uri, version, scheme, lines, ip, body, fields]);
}

/** A request in ordinary text; undefined where bytes are no text. */
function textsOf(request: PrintedRequest): PrintedRequest | undefined {
  let isText = true;
  const text = (bytes: string): string => {
    const read = fromBytes(bytes);
    isText &&= read !== undefined;
    return read ?? "";
  };
  const valueText = (value: FieldValue): FieldValue => {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint") return Number(value);
    if (typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(valueText);
    const members = value instanceof Map ? [...value] : Object.entries(value as Record<string, FieldValue>);
    return Object.fromEntries(members.map(([name, one]: [string, FieldValue]) => [text(name), valueText(one)]));
  };
  const { method, host, uri, headers, body, given } = request;
  const texts: PrintedRequest = {
    ...request,
    ...{ method: text(method), host: text(host), uri: text(uri) },
    headers: headers
      .filter(([name]) => name.toLowerCase() !== "host")
      .map(([name, value]) => [text(name), text(value)]),
    ...(body !== undefined && { body: text(body) }),
    ...(given && { given: valueText(given) as Readonly<Record<string, FieldValue>> }),
  };
  return isText ? texts : undefined;
}

function lineOf({ method, host, uri, scheme, headers, ip, body, given = {} }: PrintedRequest, defaults: Defaults) {
  const isDefaultHost = host === (defaults.host ?? "example.com") && scheme === "https";
  const words = [method, isDefaultHost ? uri : `${scheme}://${host}${uri}`];
  if (ip !== (defaults.ip ?? "198.18.0.1")) words.push("from", ip);
  for (const [name, value] of headers) {
    if (name === "User-Agent") words.push("as", value);
    else words.push("with", `${name}: ${value}`);
  }
  if (body !== undefined) words.push("body", body);
  for (const [name, value] of Object.entries(given)) words.push("given", `${name}=${givenText(value)}`);
  return words.map((word, index) => (index < 2 || index % 2 === 1 ? quoted(word) : word)).join(" ");
}

function quoted(word: string): string {
  return word !== "" && !/[\s"']/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;
}

/** A text as it is, where it is not taken for JSON. */
function givenText(value: FieldValue): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

function jsonOf({ method, host, uri, scheme, version, headers, ip, body, given }: PrintedRequest): string {
  return printableLiteral(
    JSON.stringify({ method, url: `${scheme}://${host}${uri}`, version, headers, ip, body, given }),
  );
}
