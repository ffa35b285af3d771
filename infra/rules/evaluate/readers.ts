/** Values as closures over the fields of a request. */
import type { Condition, Reader, TypedArgument } from "../check/typed.ts";
import type { ElementAccess } from "../language/ast.ts";
import { IMPLEMENTATIONS, type Implementation } from "./functions.ts";
import { preparedFunction } from "./prepared-functions.ts";
import { FieldNotGiven, type Fields, type Value } from "./value.ts";

/** Reads a value; undefined is missing. A mapped reader gives an array of the elements. */
export type FieldReader = (fields: Fields) => Value | undefined;

/** What compiling needs beside the tree. */
export interface Context {
  /** Compiles a condition that is an argument. */
  readonly condition: (condition: Condition) => (fields: Fields) => boolean | readonly boolean[];
  /** Functions by name, where they are not the language's own. */
  readonly functions: Readonly<Record<string, Implementation>>;
  readonly lists: ReadonlyMap<string, (value: Value) => boolean> | undefined;
  readonly nilNotEqual: boolean;
}

/** The value of a reader. */
export function compileReader(reader: Reader, context: Context): FieldReader {
  const source =
    reader.source.kind === "field"
      ? compileField(reader.source.field.slot)
      : (compileLower(reader, context) ?? compileCall(reader, context));
  return reader.accesses.length === 0 ? source : compileAccesses(source, reader.accesses);
}

function compileField(slot: number): FieldReader {
  return (fields) => {
    const value = fields.values[slot];
    return value === undefined ? fields.read(slot) : value;
  };
}

/** `lower` of a plain field, which is computed once for each request, however often it is read. */
function compileLower({ source }: Reader, { functions }: Context): FieldReader | undefined {
  if (source.kind !== "call" || source.spec.name !== "lower" || functions.lower) return undefined;
  const [of] = source.arguments;
  if (of?.kind !== "reader" || of.source.kind !== "field" || of.accesses.length > 0) return undefined;
  const { slot } = of.source.field;
  return (fields) => fields.lowered[slot] ?? fields.lower(slot);
}

function compileAccesses(source: FieldReader, accesses: readonly ElementAccess[]): FieldReader {
  const each = accesses.findIndex((access) => access.kind === "each");
  if (each < 0) {
    const steps = accesses.map(step);
    const [only] = steps;
    if (only && steps.length === 1) {
      return (fields) => {
        const value = source(fields);
        return value === undefined ? undefined : only(value);
      };
    }
    return (fields) => {
      let value = source(fields);
      for (const next of steps) {
        if (value === undefined) return undefined;
        value = next(value);
      }
      return value;
    };
  }
  const before = compileAccesses1(source, accesses.slice(0, each));
  const after = accesses.slice(each + 1);
  if (after.length === 0) {
    return (fields) => {
      const value = before(fields);
      return value === undefined ? undefined : elements(value);
    };
  }
  return (fields) => {
    const value = before(fields);
    // Nested steps give what there is: nothing, where the outermost is missing.
    return value === undefined ? [] : flatten(elements(value), after, 0);
  };
}

function compileAccesses1(source: FieldReader, accesses: readonly ElementAccess[]): FieldReader {
  return accesses.length === 0 ? source : compileAccesses(source, accesses);
}

function step(access: ElementAccess): (value: Value) => Value | undefined {
  if (access.kind === "key") return (value) => (value as ReadonlyMap<string, Value>).get(access.key);
  const position = access.kind === "position" ? access.position : 0;
  return (value) => (value as readonly Value[])[position];
}

/** The elements of an array, or of a map in the order of its keys. */
function elements(value: Value): readonly Value[] {
  if (!(value instanceof Map)) return value as readonly Value[];
  return [...value.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, element]) => element);
}

/** Applies the rest of the accesses to each value; rows that lack an index are left out. */
function flatten(values: readonly Value[], accesses: readonly ElementAccess[], from: number): readonly Value[] {
  const access = accesses[from];
  if (!access) return values;
  const next: Value[] = [];
  if (access.kind === "each") for (const value of values) next.push(...elements(value));
  else {
    const take = step(access);
    for (const value of values) {
      const taken = take(value);
      if (taken !== undefined) next.push(taken);
    }
  }
  return flatten(next, accesses, from + 1);
}

function compileCall(reader: Reader, context: Context): FieldReader {
  const source = reader.source;
  if (source.kind !== "call") return () => undefined;
  const run = implementation(source.spec.name, source.arguments, context);
  const [first, ...rest] = source.arguments.map((argument) => compileArgument(argument, context));
  if (!first) return () => run();
  if (source.mapped && rest.length === 0) {
    return (fields) => {
      const values = first(fields);
      if (values === undefined) return undefined;
      const results: Value[] = [];
      for (const value of values as readonly Value[]) {
        const result = run(value);
        if (result !== undefined) results.push(result);
      }
      return results;
    };
  }
  if (source.mapped) {
    return (fields) => {
      const values = first(fields);
      if (values === undefined) return undefined;
      const others = rest.map((read) => read(fields));
      const results: Value[] = [];
      for (const value of values as readonly Value[]) {
        const result = run(value, ...others);
        if (result !== undefined) results.push(result);
      }
      return results;
    };
  }
  const [second, third] = rest;
  if (!second) return (fields) => run(first(fields));
  if (!third) return (fields) => run(first(fields), second(fields));
  return (fields) => run(first(fields), ...rest.map((read) => read(fields)));
}

function compileArgument(argument: TypedArgument, context: Context): FieldReader {
  if (argument.kind === "literal") return () => argument.value;
  if (argument.kind === "reader") return compileReader(argument, context);
  return context.condition(argument);
}

function implementation(name: string, args: readonly TypedArgument[], context: Context): Implementation {
  const known = context.functions[name] ?? preparedFunction(name, args) ?? IMPLEMENTATIONS[name];
  // What needs configuration of the account is known to Cloudflare alone.
  return (
    known ??
    (() => {
      throw new FieldNotGiven(`${name}()`);
    })
  );
}
