import type { FieldValue } from "../evaluate/request.ts";
import { parseIp, printIp } from "../language/ip-address.ts";
import { typeName } from "../schema/type.ts";
import type { Visitor } from "./visitor.ts";
import {
  limitProblem,
  quote,
  unknownName,
  type VisitorName,
  visitorName,
  visitorNotation,
  withoutAsPrefix,
} from "./visitor-names.ts";

/** Code units of a text that describes a visitor; longer ones are refused unread. */
export const MAX_VISITOR_LENGTH = 2048;
/** Values of one such text. */
const MAX_VISITOR_VALUES = 32;

/** Why a text describes no visitor. */
export type VisitorProblemCode = "too-long" | "too-many" | "syntax" | "unknown-name" | "repeated" | "wrong-value";

export type ParsedVisitor =
  | { readonly ok: true; readonly visitor: Visitor }
  | {
      readonly ok: false;
      readonly code: VisitorProblemCode;
      /** What is wrong, what was expected, and the known names where one is unknown; no full stop at the end. */
      readonly message: string;
    };

/**
 * Reads `ip=203.0.113.7; country=DE; bot_score=2`. Names are those of `VISITOR_NAMES`, or full names of fields
 * about a visitor. A value with a semicolon is written in double quotes, in which a backslash keeps the next
 * character (RFC 9110, 5.6.4); the elements of an array are divided by commas. Takes at most 2,048 characters and 32
 * values.
 */
export function parseVisitor(text: string): ParsedVisitor {
  if (text.length > MAX_VISITOR_LENGTH) {
    return problem("too-long", `the visitor has ${text.length} characters; the limit is ${MAX_VISITOR_LENGTH}`);
  }
  const pairs = readPairs(text);
  if (typeof pairs === "string") return problem("syntax", pairs);
  if (pairs.length > MAX_VISITOR_VALUES) {
    return problem("too-many", `the visitor has ${pairs.length} values; the limit is ${MAX_VISITOR_VALUES}`);
  }
  const fields = new Map<string, FieldValue>();
  for (const { name, value } of pairs) {
    const known = visitorName(name);
    if (!known) return problem("unknown-name", unknownName(name));
    if (fields.has(known.field.name)) {
      return problem("repeated", `"${name}" gives ${known.field.name}, which has a value already; give one value`);
    }
    const read = readValue(known, value);
    if (!read.ok) return problem("wrong-value", `"${name}" is ${quote(value)}, but ${read.expected}`);
    fields.set(known.field.name, read.value);
  }
  return { ok: true, visitor: visitorOf(fields) };
}

function visitorOf(fields: Map<string, FieldValue>): Visitor {
  const ip = fields.get("ip.src");
  const userAgent = fields.get("http.user_agent");
  const others = [...fields].filter(([name]) => name !== "ip.src" && name !== "http.user_agent");
  return {
    ...(typeof ip === "string" && { ip }),
    ...(typeof userAgent === "string" && { userAgent }),
    ...(others.length > 0 && { fields: Object.fromEntries(others) }),
  };
}

const problem = (code: VisitorProblemCode, message: string): ParsedVisitor => ({ ok: false, code, message });

interface Pair {
  readonly name: string;
  readonly value: string;
}

// a name, then a value in quotes or up to the next semicolon
const PAIR = /[ \t]*([A-Za-z0-9_.]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"[ \t]*(?=;|$)|([^";][^;]*|(?=;|$)))(?:;|$)/sy;

/** What looks like the next pair, after a comma in a value without quotes. */
const AFTER_COMMA = /,[ \t]*([A-Za-z0-9_.]+)[ \t]*=/;

/** The pairs of a text, or what is wrong with it. */
function readPairs(text: string): readonly Pair[] | string {
  const unprintable = /\p{Cc}/u.exec(text.replaceAll("\t", " "));
  if (unprintable) return `the visitor has a control character at position ${unprintable.index + 1}; remove it`;
  const pairs: Pair[] = [];
  const trimmed = text.trimEnd();
  for (let at = 0; at < trimmed.length; ) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(trimmed);
    if (!match?.[1]) return `${quote(trimmed.slice(at))} is not NAME=VALUE; ${visitorNotation()}`;
    const [, another = ""] = AFTER_COMMA.exec(match[3] ?? "") ?? [];
    if (visitorName(another)) {
      return `a comma stands before ${another}; write a semicolon, or the whole value of ${match[1]} in double quotes`;
    }
    const quoted = match[2]?.replace(/\\(.)/gs, "$1");
    pairs.push({ name: match[1], value: quoted ?? (match[3] ?? "").trimEnd() });
    at = PAIR.lastIndex;
  }
  return pairs.length > 0 ? pairs : `the visitor is empty; ${visitorNotation()}`;
}

type ReadValue = { readonly ok: true; readonly value: FieldValue } | { readonly ok: false; readonly expected: string };

function readValue(name: VisitorName, text: string): ReadValue {
  const { type } = name.field;
  const wrong = (expected: string): ReadValue => ({ ok: false, expected });
  const within = (value: FieldValue): ReadValue => {
    const expected = limitProblem(name, value);
    return expected === undefined ? { ok: true, value } : wrong(expected);
  };
  if (type === "Bytes") return within(text);
  if (type === "Bool") {
    return text === "true" || text === "false"
      ? { ok: true, value: text === "true" }
      : wrong("it must be true or false");
  }
  if (type === "Ip") {
    const ip = parseIp(text);
    return ip === undefined ? wrong("it must be an address of IPv4 or IPv6") : { ok: true, value: printIp(ip) };
  }
  if (type === "Int") {
    const digits = withoutAsPrefix(name.field.name, text);
    return /^-?[0-9]{1,15}$/.test(digits) ? within(Number(digits) + 0) : wrong("it must be a whole number");
  }
  if (type.kind === "Map" || typeof type.of !== "string") {
    return wrong(`a value of type ${typeName(type)} cannot be written here; use a named visitor`);
  }
  const element: VisitorName = { name: name.name, field: { ...name.field, type: type.of } };
  const elements: FieldValue[] = [];
  for (const part of text === "" ? [] : text.split(",")) {
    const read = readValue(element, part.trim());
    if (!read.ok) return wrong(`each of its elements, divided by commas, has to fit: ${read.expected}`);
    elements.push(read.value);
  }
  return { ok: true, value: elements };
}
