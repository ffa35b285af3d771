import { parseIp } from "../language/ip-address.ts";
import { toInteger } from "../language/read-literal.ts";
import { type Type, typeName } from "../schema/type.ts";
import type { Value } from "./value.ts";

/** A value was given for a field of another type. */
export class FieldValueError extends Error {
  readonly code = "FIELD_VALUE";
  readonly field: string;

  constructor(field: string, type: Type, found: unknown) {
    super(`${field} is ${typeName(type)}, but the value given for it is ${JSON.stringify(found) ?? typeof found}`);
    this.field = field;
  }
}

/**
 * A value as given from outside, in the form evaluation works on: strings are byte strings, addresses text, maps
 * objects or Maps.
 * @throws FieldValueError
 */
export function convert(given: unknown, type: Type, field: string): Value {
  const wrong = () => new FieldValueError(field, type, typeof given === "bigint" ? `${given}` : given);
  if (type === "Bytes") {
    if (typeof given === "string") return given;
    throw wrong();
  }
  if (type === "Bool") {
    if (typeof given === "boolean") return given;
    throw wrong();
  }
  if (type === "Int") {
    if (typeof given === "bigint" && BigInt.asIntN(64, given) === given) return toInteger(given);
    if (typeof given === "number" && Number.isSafeInteger(given)) return given;
    throw wrong();
  }
  if (type === "Ip") {
    const ip = typeof given === "string" ? parseIp(given) : undefined;
    if (ip === undefined) throw wrong();
    return ip;
  }
  if (type.kind === "Array") {
    if (!Array.isArray(given)) throw wrong();
    return given.map((element) => convert(element, type.of, field));
  }
  if (given instanceof Map)
    return new Map([...given].map(([key, value]) => [String(key), convert(value, type.of, field)]));
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrong();
  return new Map(Object.entries(given).map(([key, value]) => [key, convert(value, type.of, field)]));
}
