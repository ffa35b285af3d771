import { toBytes } from "../bytes.ts";
import type { FieldValue, RequestFacts } from "../evaluate/request.ts";
import { SCHEMA } from "../schema/schema.ts";

/**
 * What Cloudflare knows about the sender of a request and the request itself does not contain: address, country, bot
 * score and the like. Texts are ordinary texts, not byte strings.
 */
export interface Visitor {
  /** Address, version 4 or 6. */
  readonly ip?: string;
  /** Value of the header `User-Agent`. */
  readonly userAgent?: string;
  /** Other headers that this visitor sends, by name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of fields that only Cloudflare computes, by full field name. */
  readonly fields?: Readonly<Record<string, FieldValue>>;
}

/**
 * The request as this visitor sends it. What the visitor has replaces what the request has: address, headers of the
 * same name, and given fields, a deprecated name of a field included.
 */
export function withVisitor(facts: RequestFacts, visitor: Visitor): RequestFacts {
  const headers = headersOf(visitor);
  const replaced = new Set(headers.map(([name]) => name.toLowerCase()));
  const given = givenBy(visitor);
  const named = new Set(Object.keys(given));
  const kept = Object.entries(facts.given ?? {}).filter(([name]) => !named.has(currentName(name)));
  return {
    ...facts,
    ...(visitor.ip !== undefined && { ip: visitor.ip }),
    headers: [...facts.headers.filter(([name]) => !replaced.has(name.toLowerCase())), ...headers],
    ...((kept.length > 0 || named.size > 0) && { given: { ...Object.fromEntries(kept), ...given } }),
  };
}

/**
 * The request with what it lacks taken from this visitor: headers that it does not have, fields that it does not
 * give. Its address stays.
 */
export function completeFromVisitor(facts: RequestFacts, visitor: Visitor): RequestFacts {
  const sent = new Set(facts.headers.map(([name]) => name.toLowerCase()));
  const known = new Set(Object.keys(facts.given ?? {}).map(currentName));
  const fields = Object.entries(visitor.fields ?? {}).filter(([name]) => !known.has(currentName(name)));
  const headers = headersOf(visitor).filter(([name]) => !sent.has(name.toLowerCase()));
  const given = { ...facts.given, ...givenBy({ fields: Object.fromEntries(fields) }) };
  return {
    ...facts,
    headers: [...facts.headers, ...headers],
    ...(Object.keys(given).length > 0 && { given }),
  };
}

/** A visitor with what another one has in addition; where both have a value, the other's counts. */
export function mergeVisitors(base: Visitor, other: Visitor): Visitor {
  return {
    ...base,
    ...other,
    ...((base.headers ?? other.headers) && { headers: { ...base.headers, ...other.headers } }),
    ...((base.fields ?? other.fields) && { fields: { ...base.fields, ...other.fields } }),
  };
}

function headersOf({ userAgent, headers }: Visitor): readonly (readonly [name: string, value: string])[] {
  const agent = userAgent === undefined ? [] : [["User-Agent", toBytes(userAgent)] as const];
  const others = Object.entries(headers ?? {}).map(([name, value]) => [toBytes(name), toBytes(value)] as const);
  return [...agent, ...others];
}

function givenBy({ fields }: Visitor): Record<string, FieldValue> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [currentName(name), bytesOf(value)]));
}

const currentName = (name: string): string => SCHEMA.fields.get(name)?.replacedBy ?? name;

/** The value with its texts as byte strings. */
function bytesOf(value: FieldValue): FieldValue {
  if (typeof value === "string") return toBytes(value);
  if (Array.isArray(value)) return value.map(bytesOf);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [toBytes(key), bytesOf(one)]));
  // behind a cast there may be null, which is refused where the field is read
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [toBytes(key), bytesOf(one as FieldValue)]));
}
