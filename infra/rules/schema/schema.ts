import { FIELDS, type FieldSpec } from "./fields.ts";
import { FUNCTIONS, type FunctionSpec } from "./functions.ts";
import type { Type } from "./type.ts";

/** A field with its place among the values of a request. */
export interface SchemaField extends FieldSpec {
  readonly slot: number;
}

/** The names an expression may use. */
export interface LanguageSchema {
  readonly fields: ReadonlyMap<string, SchemaField>;
  readonly functions: ReadonlyMap<string, FunctionSpec>;
  /**
   * What a comparison with a missing value by `ne` gives: false at Cloudflare, true by default in the wirefilter
   * library.
   */
  readonly nilNotEqual: boolean;
}

/** A schema of these fields, in this order, and functions. */
export function createSchema(
  fields: readonly FieldSpec[],
  functions: readonly FunctionSpec[],
  options: { readonly nilNotEqual?: boolean } = {},
): LanguageSchema {
  return {
    fields: new Map(fields.map((field, slot) => [field.name, { ...field, slot }])),
    functions: new Map(functions.map((spec) => [spec.name, spec])),
    nilNotEqual: options.nilNotEqual ?? false,
  };
}

/** A field that anyone with the request can know, on every plan. */
export function localField(name: string, type: Type): FieldSpec {
  return { name, type, plan: "free", source: "local" };
}

/** Cloudflare's own schema. */
export const SCHEMA: LanguageSchema = createSchema(FIELDS, FUNCTIONS);
