import { convert, FieldValueError } from "../evaluate/convert.ts";
import type { FieldValue } from "../evaluate/request.ts";
import { parseIp } from "../language/ip-address.ts";
import { plainData } from "../plain-data.ts";
import { kindOf, shown } from "../ruleset/diagnostic.ts";
import { isObject } from "../ruleset/shape.ts";
import { limitProblem, quote, unknownName, visitorName } from "./visitor-names.ts";

const MEMBERS = ["ip", "userAgent", "headers", "fields"];
/** Headers about a request's destination or length, and the one that the local edge removes. */
const NOT_OF_A_VISITOR =
  /^(host|connection|content-length|expect|local-visitor|te|trailer|transfer-encoding|upgrade)$/i;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * What is wrong with a visitor that was written as an object and not checked: unknown members, values of another
 * type, fields that do not exist or are not a visitor's. One sentence without a full stop for each; none where all is
 * well.
 */
export function visitorProblems(written: unknown): readonly string[] {
  const plain = plainData(written);
  if (!plain.ok) return [`a visitor is plain data: ${plain.pointer}: ${plain.message}`];
  const visitor = plain.value;
  if (!isObject(visitor))
    return [`a visitor is an object with any of ${MEMBERS.join(", ")}, but this is ${show(visitor)}`];
  const { ip, userAgent, headers = {}, fields = {} } = visitor;
  const problems = Object.keys(visitor)
    .filter((key) => !MEMBERS.includes(key))
    .map((key) => `${quote(key)} is not part of a visitor; there are ${MEMBERS.join(", ")}`);
  if (ip !== undefined && (typeof ip !== "string" || parseIp(ip) === undefined)) {
    problems.push(`"ip" is ${show(ip)}, but it must be an address of IPv4 or IPv6`);
  }
  if (userAgent !== undefined && !isHeaderValue(userAgent)) problems.push(headerProblem("userAgent", userAgent));
  if (!isObject(headers)) problems.push(`"headers" is ${show(headers)}, but it must be an object of names and values`);
  else {
    for (const [name, value] of Object.entries(headers)) {
      if (!isHeaderName(name)) problems.push(`${quote(name)} is not the name of a header`);
      else if (NOT_OF_A_VISITOR.test(name)) problems.push(`the header ${name} is no property of a visitor; remove it`);
      else if (!isHeaderValue(value)) problems.push(headerProblem(`headers.${name}`, value));
    }
  }
  if (!isObject(fields)) problems.push(`"fields" is ${show(fields)}, but it must be an object of fields and values`);
  else problems.push(...Object.entries(fields).flatMap(([name, value]) => fieldProblem(name, value)));
  return problems;
}

function fieldProblem(name: string, value: unknown): readonly string[] {
  const known = visitorName(name);
  if (name === "ip.src" || name === "ip") return [`the address of a visitor is written as "ip", not in "fields"`];
  if (known?.field.name === "http.user_agent") return [`the user agent is written as "userAgent", not in "fields"`];
  if (!known) return [unknownName(name)];
  if (known.name === name && known.field.name !== name)
    return [`${quote(name)} is written as ${known.field.name} here`];
  try {
    convert(value, known.field.type, name);
  } catch (error) {
    if (!(error instanceof FieldValueError)) throw error;
    return [error.message];
  }
  const expected = limitProblem(known, value as FieldValue);
  return expected === undefined ? [] : [`${name} is ${show(value)}, but ${expected}`];
}

/** Whether this can be the name of a header (RFC 9110, section 5.1). */
export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name);
}

/** Whether this is a text that fits into the value of one header. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === "string" && !/\p{Cc}/u.test(value.replaceAll("\t", " "));
}

function headerProblem(name: string, value: unknown): string {
  return `"${name}" is ${show(value)}, but it must be a text without control characters`;
}

/** As JSON where it is small; of what is large, or no JSON, what it is. */
function shownJson(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : shown(value) || kindOf(value);
}

function show(value: unknown): string {
  return typeof value === "bigint" ? `${value}` : quote(shownJson(value));
}
