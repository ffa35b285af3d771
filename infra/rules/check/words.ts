/** How the checker's messages are worded, in our words and in the engine's. */
import type { Right, Text, Token } from "../language/ast.ts";
import type { ReadError } from "../language/read-literal.ts";
import { engineTypeName, type ScalarType, type Type, typeName } from "../schema/type.ts";

/** What a literal of a type is, for a person. */
export const WANTED = { Int: "an integer", Bytes: "a string", Ip: "an IP address" } as const;

/** The engine's words where a value has another type than it must. */
export function mismatch(expected: Type, actual: Type): string {
  return `expected value of type ${engineTypeName(expected)}, but got ${engineTypeName(actual)}`;
}

/** A type with its article. */
export function article(type: Type): string {
  const name = typeName(type);
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/** That a name is not in the schema. */
export function unknown(name: string): string {
  return `there is no field ${name}`;
}

/** What was probably meant by a name that is not in the schema: `meant` is the closest, `hint` what else might help. */
export function unknownHint(name: string, meant: string | undefined, hint: string | undefined): string | undefined {
  if (name === "false") return "there is no false; write not true";
  if (/^(NOT|AND|OR|XOR)$/.test(name)) return `operators are written in lower case: ${name.toLowerCase()}`;
  if (/^(and|or|xor|eq|ne|in|lt|le|gt|ge)$/.test(name)) return `${name} needs two operands; one is missing`;
  if (/^[0-9]/.test(name)) return "write the literal on the right of the operator";
  return meant ?? hint;
}

/** What to write instead of a literal that its type cannot have. */
export function literalHint(
  type: Type,
  right: Right,
  found: string,
  error: ReadError,
  dynamic: boolean,
): string | undefined {
  if (error.hint) return error.hint;
  if (right.kind === "text" && type !== "Bytes") return `write it without quotes: ${found.slice(1, -1)}`;
  if (right.kind === "token" && type === "Bytes") return `text is written in quotes: "${found}"`;
  if (right.kind === "value" && !dynamic) return "this operator compares with a literal only, not with a field";
  if (found.startsWith("\"'")) return 'strings have double quotes: "…"';
  if (found.startsWith('"{')) return "a set follows in: in {…}";
  if (found.startsWith('"$')) return "a list follows in: in $name";
  return undefined;
}

/** What is wrong with an item of a set. */
export function itemMessage(type: ScalarType, item: Text | Token, written: string, read: ReadError): string {
  if (read.code === "host-bits") return `${written} has bits set after its prefix`;
  if (read.code === "bad-range") return `${written} is not a range`;
  return `expected ${WANTED[type]}, got ${item.kind === "text" ? "the string " : ""}${written}`;
}

/** What to write instead of an item of a set. */
export function itemHint(type: ScalarType, written: string, read: ReadError): string | undefined {
  if (read.hint) return read.hint;
  if (type === "Bytes") return `text is written in quotes: "${written}"`;
  if (type === "Ip" && written.includes("-")) return "a range has two dots: first..last";
  if (written.startsWith("..") || written.endsWith("..")) return "a range has no spaces around its dots";
  return undefined;
}

/** Why `[...]` does not fit a type. */
export function accessMessage(access: "each" | "key" | "position", type: Type): string {
  const what = { each: "[*]", key: "a key", position: "a position" }[access];
  const needs = { each: "an array or map", key: "a map", position: "an array" }[access];
  return `${what} needs ${needs}, but this is ${article(type)}`;
}

/** A key or position as the engine's errors show it. */
export function accessIndex(
  access:
    | { readonly kind: "each" }
    | { readonly kind: "key"; readonly key: string }
    | { readonly kind: "position"; readonly position: number },
): string {
  if (access.kind === "each") return "MapEach";
  return access.kind === "key" ? `MapKey(${JSON.stringify(access.key)})` : `ArrayIndex(${access.position})`;
}

/** A type as Rust prints it for debugging, which is what some of the engine's errors show. */
export function debugType(type: Type): string {
  if (typeof type === "string") return type;
  let layers = 0;
  let length = 0;
  let inner = type.of;
  while (typeof inner !== "string") {
    if (inner.kind === "Map") layers |= 1 << length;
    length += 1;
    inner = inner.of;
  }
  return `${type.kind}(CompoundType { layers: ${layers}, len: ${length}, primitive: ${inner} })`;
}
