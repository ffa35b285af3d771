/** What a function takes: kinds, types and literals of its arguments. */
import { wildcardError } from "../language/wildcard.ts";
import type { Accepted, FunctionParameter, FunctionSpec } from "../schema/functions.ts";
import { arrayOf, engineTypeName, sameType, type Type } from "../schema/type.ts";
import { compilePattern } from "./pattern.ts";
import type { CallSource, TypedArgument, TypedLiteral } from "./typed.ts";

/** What is wrong with a literal argument, its pattern included; undefined when it is right. */
export function literalProblem(param: FunctionParameter, { value }: TypedLiteral): string | undefined {
  if (param.pattern && typeof value === "string") {
    const error = param.pattern === "wildcard" ? wildcardError(value) : undefined;
    if (error) return error.message;
    const regex = param.pattern === "regex" ? compilePattern(value) : undefined;
    if (regex && !regex.ok) return `it is no regular expression: ${regex.message}`;
  }
  return typeof value === "object" ? undefined : param.refuse?.(value);
}

/** The type of a call, an array where the function is applied to each element. */
export function callType(source: CallSource): Type {
  const type = returnType(source.spec, source.arguments.map(argumentType));
  return source.mapped ? arrayOf(type) : type;
}

/** What a function gives for arguments of these types. */
export function returnType({ returns }: FunctionSpec, types: readonly Type[]): Type {
  return typeof returns === "function" ? returns(types) : returns;
}

/** The type of an argument, of one element where it is mapped. */
export function argumentType(argument: TypedArgument): Type {
  if (argument.kind === "literal" || argument.kind === "reader") return argument.type;
  return argument.mapped ? arrayOf("Bool") : "Bool";
}

/** The parameter that the argument at an index is for. */
export function paramAt(spec: FunctionSpec, index: number): FunctionParameter {
  const known = [...spec.params, ...(spec.optional ?? [])][index] ?? spec.rest;
  return known ?? { kind: "any", types: [] };
}

/** What types the argument at an index may have, given that of the first; none means any. */
export function acceptedTypes(
  spec: FunctionSpec,
  index: number,
  param: FunctionParameter,
  first: Type | undefined,
): readonly Accepted[] {
  if (index > 0 && first && spec.sameTypes) return [first];
  if (index === 1 && first && spec.elementSecond) {
    return typeof first === "string" ? param.types : [first.of];
  }
  return param.types;
}

/** Whether a type is accepted. */
export function accepts(accepted: Accepted, type: Type): boolean {
  if (accepted === "Array" || accepted === "Map") return typeof type !== "string" && type.kind === accepted;
  return sameType(accepted, type);
}

/** Accepted types in the engine's words. */
export function expectedList(accepted: readonly Accepted[]): string {
  return accepted.map((one) => (one === "Array" || one === "Map" ? `${one}<_>` : engineTypeName(one))).join(" or ");
}
