/** The types of the language: https://developers.cloudflare.com/ruleset-engine/rules-language/values/ */
export type Type = "Bool" | ScalarType | ArrayType | MapType;

/** What can be written as a literal and compared. */
export type ScalarType = "Int" | "Bytes" | "Ip";

export interface ArrayType {
  readonly kind: "Array";
  readonly of: Type;
}

/** Keys are byte strings. */
interface MapType {
  readonly kind: "Map";
  readonly of: Type;
}

export const arrayOf = (of: Type): ArrayType => ({ kind: "Array", of });
const mapOf = (of: Type): MapType => ({ kind: "Map", of });

export function sameType(left: Type, right: Type): boolean {
  if (typeof left === "string" || typeof right === "string") return left === right;
  return left.kind === right.kind && sameType(left.of, right.of);
}

/** Whether values can be compared with `eq`, `lt`, `in` and the like. */
export function isScalar(type: Type): type is ScalarType {
  return type === "Int" || type === "Bytes" || type === "Ip";
}

export function isArrayOfBool(type: Type): boolean {
  return typeof type !== "string" && type.kind === "Array" && type.of === "Bool";
}

const PRIMITIVES: Readonly<Record<string, Type>> = {
  Bool: "Bool",
  Boolean: "Bool",
  Int: "Int",
  Integer: "Int",
  Number: "Int",
  Bytes: "Bytes",
  String: "Bytes",
  Ip: "Ip",
  IP: "Ip",
};

/** A type from its name in the documentation (`Map<Array<String>>`) or in wirefilter (`Map(Array(Bytes))`). */
export function parseType(name: string): Type | undefined {
  const primitive = PRIMITIVES[name];
  if (primitive) return primitive;
  const match = /^(Array|Map)[<(](.+)[>)]$/.exec(name);
  const of = match?.[2] === undefined ? undefined : parseType(match[2]);
  if (of === undefined) return undefined;
  return match?.[1] === "Map" ? mapOf(of) : arrayOf(of);
}

/** A type as the documentation names it, for people. */
export function typeName(type: Type): string {
  if (typeof type !== "string") return `${type.kind}<${typeName(type.of)}>`;
  return { Bool: "Boolean", Int: "Integer", Bytes: "String", Ip: "IP address" }[type];
}

/** A type as the engine's errors name it. */
export function engineTypeName(type: Type): string {
  return typeof type === "string" ? type : `${type.kind}<${engineTypeName(type.of)}>`;
}
