import type { Analysis } from "../check/analyze.ts";
import type { Where } from "../check/availability.ts";
import { diagnoseCondition, diagnoseValue } from "../check/diagnose.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { Expression } from "../language/ast.ts";
import { type LanguageSchema, SCHEMA } from "../schema/schema.ts";
import { arrayOf, type Type } from "../schema/type.ts";
import { compileCondition, compileMapped } from "./conditions.ts";
import type { Implementation } from "./functions.ts";
import { type Context, compileReader } from "./readers.ts";
import { compileReading, type Reading } from "./reading.ts";
import type { Fields, Value } from "./value.ts";

export interface CompileOptions extends Where {
  /** Cloudflare's own by default. */
  readonly schema?: LanguageSchema;
  /** Functions of that schema that Cloudflare's does not have. */
  readonly functions?: Readonly<Record<string, Implementation>>;
  /** Lists by name without `$`; a list that is not here throws FieldNotGiven when it is used. */
  readonly lists?: ReadonlyMap<string, (value: Value) => boolean>;
  readonly maxDepth?: number;
}

/** An expression ready to run. */
export interface Compiled {
  readonly ok: true;
  readonly text: string;
  readonly tree: Expression;
  /** Names of the fields it can read, each once. */
  readonly fields: readonly string[];
  /** Names of the lists it uses, without `$`. */
  readonly lists: readonly string[];
  /**
   * Whether it matches a request.
   * @throws FieldNotGiven when it reads a field that only Cloudflare can compute and that was not given
   */
  matches(fields: Fields): boolean;
  /** The same, slowly: which part decided and why, and undetermined instead of an error where a field was not given. */
  read(fields: Fields): Reading;
}

export interface NotCompiled {
  readonly ok: false;
  /** In the order of the text; at least one is an error. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A value ready to be read. */
export interface CompiledValue {
  readonly ok: true;
  readonly text: string;
  readonly type: Type;
  readonly fields: readonly string[];
  /**
   * The value for a request; undefined is missing.
   * @throws FieldNotGiven when it reads a field that only Cloudflare can compute and that was not given
   */
  read(fields: Fields): Value | undefined;
}

/** A field or a call, with its accesses, compiled to a closure: a rate limit's characteristic, a redirect's target. */
export function compileValue(text: string, options: CompileOptions = {}): CompiledValue | NotCompiled {
  const schema = options.schema ?? SCHEMA;
  const { analysis, diagnostics } = diagnoseValue(text, { part: "value", ...options, schema });
  const { reader } = analysis;
  if (!reader || diagnostics.some(({ severity }) => severity === "error")) return { ok: false, diagnostics };
  const type = reader.mapped ? arrayOf(reader.type) : reader.type;
  return { ok: true, text, type, fields: namesOf(analysis), read: compileReader(reader, contextOf(options, schema)) };
}

/** An expression checked and compiled to closures, or why it cannot be. */
export function compile(text: string, options: CompileOptions = {}): Compiled | NotCompiled {
  const schema = options.schema ?? SCHEMA;
  const { tree, analysis, diagnostics } = diagnoseCondition(text, { part: "expression", ...options, schema });
  const { condition } = analysis;
  if (!condition || diagnostics.some(({ severity }) => severity === "error")) return { ok: false, diagnostics };
  const context = contextOf(options, schema);
  return {
    ok: true,
    text,
    tree,
    fields: namesOf(analysis),
    lists: [...new Set(analysis.lists.map(({ used }) => used))],
    matches: compileCondition(condition, context),
    read: compileReading(condition, text, context),
  };
}

function namesOf({ fields }: Pick<Analysis, "fields">): readonly string[] {
  return [...new Set(fields.map(({ used }) => used.name))];
}

function contextOf(options: CompileOptions, schema: LanguageSchema): Context {
  const context: Context = {
    condition: (argument) => (argument.mapped ? compileMapped(argument, context) : compileCondition(argument, context)),
    functions: options.functions ?? {},
    lists: options.lists,
    nilNotEqual: schema.nilNotEqual,
  };
  return context;
}
