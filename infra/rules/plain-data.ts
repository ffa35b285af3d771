import { below, kindOf } from "./ruleset/diagnostic.ts";

/** Members and entries of one value, at all depths. */
const MAX_PARTS = 1_000_000;
const MAX_DEPTH = 32;

export type PlainData =
  | { readonly ok: true; readonly value: unknown }
  /** `pointer` (RFC 6901) is the place; the message begins with "expected". */
  | { readonly ok: false; readonly pointer: string; readonly message: string };

/**
 * A copy of data that nothing has checked, such as a rule from behind a cast: only what objects have themselves, read
 * once. What is no data is refused: getters, functions, instances of classes, inherited members, holes in lists,
 * cycles, and what is larger than 1,000,000 parts or deeper than 32. Never throws.
 *
 * Beside JSON it takes `undefined` as a member, integers as `bigint`, and a Map with texts as keys, which becomes an
 * object.
 */
export function plainData(value: unknown): PlainData {
  const copying: Copying = { parts: 0, open: new Set(), pointer: "" };
  try {
    return { ok: true, value: copy(value, "", copying) };
  } catch (error) {
    // a proxy can throw anything
    const message =
      error instanceof NotPlain ? error.message : "expected data, got something that throws when it is read";
    return { ok: false, pointer: copying.pointer, message };
  }
}

/** What was thrown, as text, whatever it is. */
export function thrownText(thrown: unknown): string {
  try {
    const { message } = thrown as { readonly message?: unknown };
    return typeof message === "string" ? message : String(thrown);
  } catch {
    return kindOf(thrown);
  }
}

class NotPlain extends Error {}

interface Copying {
  parts: number;
  /** Objects that the present one is inside of. */
  readonly open: Set<object>;
  pointer: string;
}

function copy(value: unknown, pointer: string, copying: Copying): unknown {
  copying.pointer = pointer;
  copying.parts += 1;
  if (copying.parts > MAX_PARTS) throw new NotPlain(`expected at most ${MAX_PARTS} members and entries in all`);
  if (typeof value === "number" && !Number.isFinite(value)) throw new NotPlain(`expected a number, got ${value}`);
  if (typeof value === "function" || typeof value === "symbol")
    throw new NotPlain(`expected data, got ${kindOf(value)}`);
  if (typeof value !== "object" || value === null) return value;
  if (copying.open.has(value)) throw new NotPlain("expected data, got an object that holds itself");
  if (copying.open.size >= MAX_DEPTH) throw new NotPlain(`expected at most ${MAX_DEPTH} objects in one another`);
  copying.open.add(value);
  const copied = Array.isArray(value) ? copyList(value, pointer, copying) : copyObject(value, pointer, copying);
  copying.open.delete(value);
  return copied;
}

function copyList(list: readonly unknown[], pointer: string, copying: Copying): readonly unknown[] {
  const copied: unknown[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const at = below(pointer, index);
    copying.pointer = at;
    const { value } = dataProperty(list, String(index)) ?? {};
    if (value === undefined) throw new NotPlain("expected a value, got nothing: a comma too many?");
    copied.push(copy(value, at, copying));
  }
  return copied;
}

function copyObject(object: object, pointer: string, copying: Copying): Readonly<Record<string, unknown>> {
  if (object instanceof Map) return copyMap(object, pointer, copying);
  const prototype: unknown = Object.getPrototypeOf(object);
  // the prototype of all objects has none itself, in every realm
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw new NotPlain("expected a plain object, got one that inherits members: an instance of a class, or a promise?");
  return Object.fromEntries(
    Object.keys(object).map((key) => {
      const at = below(pointer, key);
      copying.pointer = at;
      return [key, copy(dataProperty(object, key)?.value, at, copying)];
    }),
  );
}

function copyMap(map: ReadonlyMap<unknown, unknown>, pointer: string, copying: Copying) {
  return Object.fromEntries(
    [...map].map(([key, value]) => {
      if (typeof key !== "string") throw new NotPlain(`expected a string as key, got ${kindOf(key)}`);
      return [key, copy(value, below(pointer, key), copying)];
    }),
  );
}

/** A member that is a value: a getter could return another value the next time. */
function dataProperty(object: object, key: string): PropertyDescriptor | undefined {
  const property = Object.getOwnPropertyDescriptor(object, key);
  if (property && !("value" in property)) throw new NotPlain("expected data, got a getter");
  return property;
}
