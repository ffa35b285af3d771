import {
  type CompiledValue,
  type CompileOptions,
  compile,
  compileValue,
  type NotCompiled,
} from "../evaluate/compile.ts";
import { type Fields, unknownBy, type Value } from "../evaluate/value.ts";
import { EXPRESSION_SIZE } from "../schema/limits.ts";
import { SCHEMA } from "../schema/schema.ts";
import { sizeOf } from "../text-size.ts";
import { conditionAfterGuard } from "./guard.ts";
import type { UndeterminedRule } from "./types.ts";

/** The lists that a deployment has, compiled. */
export type EngineLists = NonNullable<CompileOptions["lists"]>;

/** What the result depends on and is not known: fields that were not given, patterns that take too many steps. */
export type Undetermined = readonly string[];

/** An expression as the engine runs it. */
export interface CompiledCondition {
  holds(fields: Fields): boolean | Undetermined;
  /** Which part decided, for a request that matched. */
  why(fields: Fields): string;
  readonly usesResponse: boolean;
  /** The rule that it is a part of. */
  readonly rule?: UndeterminedRule["rule"];
}

/** A value of a request, such as a characteristic of a rate limiting rule. */
export interface Readable {
  /** The value, undefined where the request has none. */
  read(fields: Fields): { readonly value: Value | undefined } | Undetermined;
}

/** A characteristic of a rate limiting rule. */
export interface Characteristic extends Readable {
  readonly name: string;
}

/**
 * Compiles a rule's expression; undefined where it cannot be read. Whether its phase and plan have what it uses is
 * checked by the validator.
 */
export function condition(
  text: unknown,
  lists: EngineLists,
  rule?: UndeterminedRule["rule"],
): CompiledCondition | undefined {
  if (typeof text !== "string" || sizeOf(text, EXPRESSION_SIZE) > EXPRESSION_SIZE.most) return undefined;
  const compiled = compile(text, { lists });
  if (!compiled.ok) return undefined;
  const holds = (fields: Fields): boolean | Undetermined => {
    try {
      return compiled.matches(fields);
    } catch (error) {
      if (!unknownBy(error)) throw error;
      // only the slow reading finds out whether the result depends on it
      const { value, undetermined } = compiled.read(fields);
      return value ?? undetermined;
    }
  };
  // for most rules the reason is never read
  let part: ReturnType<typeof conditionAfterGuard> | null = null;
  const why = (fields: Fields) => {
    if (part === null) part = conditionAfterGuard(compiled, lists);
    const own = part?.read(fields);
    return (own?.value === true ? own : compiled.read(fields)).why.replace(/\s+/g, " ");
  };
  const usesResponse = compiled.fields.some((name) => SCHEMA.fields.get(name)?.source === "response");
  return { holds, why, usesResponse, ...(rule && { rule }) };
}

/**
 * Compiles a characteristic:
 * https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/#with-the-same-characteristics; undefined
 * where it cannot be read
 */
export function characteristic(name: string): Characteristic | undefined {
  // Only Cloudflare can distinguish visitors behind one address; it is no field of the language.
  if (name === "cf.unique_visitor_id") return { name, read: () => [name] };
  const value = readable(compileValue(name));
  return value && { name, ...value };
}

/** Compiles an expression whose value is text, such as the target of a redirect; undefined where it cannot be read. */
export function textValue(text: string, lists: EngineLists): Readable | undefined {
  return readable(compileValue(text, { lists }));
}

function readable(compiled: CompiledValue | NotCompiled): Readable | undefined {
  if (!compiled.ok) return undefined;
  return {
    read(fields) {
      try {
        return { value: compiled.read(fields) };
      } catch (error) {
        const unknown = unknownBy(error);
        if (unknown) return [unknown.what];
        throw error;
      }
    },
  };
}
