import type { Diagnostic } from "../diagnostic.ts";
import { type CompiledValue, type CompileOptions, compile, compileText, compileValue } from "../evaluate/compile.ts";
import { type Fields, unknownBy, type Value } from "../evaluate/value.ts";
import { render } from "../render.ts";
import { SCHEMA } from "../schema/schema.ts";

/** A compiled text, or its rendered diagnostics. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Fields that nobody gave, or patterns that take too many steps, on which the answer depends. */
export type Undetermined = readonly string[];

/** An expression as the engine runs it. */
export interface Condition {
  holds(fields: Fields): boolean | Undetermined;
  /** Which part decided, for a request that matched. */
  why(fields: Fields): string;
  readonly usesResponse: boolean;
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

/** Compiles a rule's expression for its phase and plan. */
export function condition(text: string, where: CompileOptions): Result<Condition> {
  const compiled = compile(text, where);
  if (!compiled.ok) return refused(compiled.diagnostics, text);
  const holds = (fields: Fields): boolean | Undetermined => {
    try {
      return compiled.matches(fields);
    } catch (error) {
      if (!unknownBy(error)) throw error;
      // the slow reading knows whether the answer depends on it at all
      const { value, undetermined } = compiled.read(fields);
      return value ?? undetermined;
    }
  };
  const why = (fields: Fields) => compiled.read(fields).why.replace(/\s+/g, " ");
  const usesResponse = compiled.fields.some((name) => SCHEMA.fields.get(name)?.source === "response");
  return { ok: true, value: { holds, why, usesResponse } };
}

/** Compiles a characteristic: https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/#with-the-same-characteristics */
export function characteristic(name: string, where: CompileOptions): Result<Characteristic> {
  // Cloudflare alone can tell visitors behind one address apart; it is no field of the language.
  if (name === "cf.unique_visitor_id") return { ok: true, value: { name, read: () => [name] } };
  const compiled = compileValue(name, { ...where, part: "counting" });
  return compiled.ok ? { ok: true, value: { name, ...readable(compiled) } } : refused(compiled.diagnostics, name);
}

/** Compiles an expression whose value is text, such as the target of a redirect. */
export function textValue(text: string, where: CompileOptions): Result<Readable> {
  const compiled = compileText(text, where);
  return compiled.ok ? { ok: true, value: readable(compiled) } : refused(compiled.diagnostics, text);
}

function readable(compiled: CompiledValue): Readable {
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

function refused(diagnostics: readonly Diagnostic[], text: string): { readonly ok: false; readonly problem: string } {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return { ok: false, problem: errors.map((diagnostic) => render(diagnostic, text)).join("\n") };
}
