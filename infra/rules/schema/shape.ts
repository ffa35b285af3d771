/** What a JSON value may look like, as data: the tables of parameters are made of it, and the validator reads them. */
import type { SizeLimit } from "./limits.ts";
import type { Plan } from "./plans.ts";

export type ParameterShape =
  | { readonly kind: "any" | "flag" }
  | TextShape
  /** An expression that makes text. */
  | { readonly kind: "expression" }
  /** A number within bounds, both included; `integer`: a whole one. */
  | { readonly kind: "integer" | "number"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: "list"; readonly of: ParameterShape; readonly min: number; readonly max: number }
  /** An object whose keys are free. */
  | { readonly kind: "record"; readonly of: ParameterShape; readonly min: number; readonly max: number }
  | ObjectParameterShape
  /** Refused on a smaller plan than `needs`. */
  | { readonly kind: "plan"; readonly needs: Plan; readonly what: string; readonly of: ParameterShape };

export interface TextShape {
  readonly kind: "text";
  readonly min: number;
  readonly limit: SizeLimit;
  readonly pattern?: RegExp;
  /** What the pattern describes, with its article. */
  readonly what?: string;
}

/** An object with known keys. */
export interface ObjectParameterShape {
  readonly kind: "object";
  readonly members: Readonly<Record<string, ParameterShape>>;
  readonly required: readonly string[];
  /** How many of the members may be given. */
  readonly count: "any" | "one" | "at most one" | "at least one";
}

const TEXT_SIZE: SizeLimit = { most: 65_536, unit: "characters" };

export const anything: ParameterShape = { kind: "any" };
export const flag: ParameterShape = { kind: "flag" };
export const expression: ParameterShape = { kind: "expression" };

export function text(
  options: { min?: number; max?: number | SizeLimit; pattern?: RegExp; what?: string } = {},
): ParameterShape {
  const { min = 0, max = TEXT_SIZE, ...more } = options;
  return { kind: "text", min, limit: typeof max === "number" ? { ...TEXT_SIZE, most: max } : max, ...more };
}

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): ParameterShape {
  return { kind: "integer", min, max };
}

export function number(min: number, max: number): ParameterShape {
  return { kind: "number", min, max };
}

export function oneOf(...values: readonly (string | number | boolean)[]): ParameterShape {
  return { kind: "choice", values };
}

export function list(of: ParameterShape, max = 1000, min = 1): ParameterShape {
  return { kind: "list", of, min, max };
}

export function record(of: ParameterShape, max = 1000): ParameterShape {
  return { kind: "record", of, min: 1, max };
}

/** Keys that end with `*` are required. */
export function object(
  fields: Readonly<Record<string, ParameterShape>>,
  count: ObjectParameterShape["count"] = "any",
): ObjectParameterShape {
  const members = Object.fromEntries(Object.entries(fields).map(([key, shape]) => [key.replace(/\*$/, ""), shape]));
  const required = Object.keys(fields).flatMap((key) => (key.endsWith("*") ? [key.slice(0, -1)] : []));
  return { kind: "object", members, required, count };
}

/** What only a larger plan includes; `what` is its name in messages. */
export function needs(plan: Plan, what: string, of: ParameterShape): ParameterShape {
  return { kind: "plan", needs: plan, what, of };
}

/** Boolean members by their names, divided by spaces. */
export function flags(names: string): Readonly<Record<string, ParameterShape>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, flag]));
}
