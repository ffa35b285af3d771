/**
 * What a request's body may look like. The API on localhost is strict: a key it does not know is an error and not
 * ignored, so that a misspelt setting is found here and not in production.
 */
export interface Misfit {
  /** JSON pointer (RFC 6901) into the body. */
  readonly pointer: string;
  readonly message: string;
}

/** Returns what is wrong with a value; undefined where nothing is. */
export type BodyShape = (value: unknown, pointer: string) => Misfit | undefined;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Any JSON value. */
export const anything: BodyShape = () => undefined;

/** A string; lengths in UTF-16 units. */
export function text(limits: { min?: number; max?: number; pattern?: RegExp; what?: string } = {}): BodyShape {
  const { min = 0, max = 65_536, pattern, what } = limits;
  return (value, pointer) => {
    if (typeof value !== "string") return { pointer, message: `expected a string, got ${kindOf(value)}` };
    if (value.length < min) return { pointer, message: "must not be empty" };
    if (value.length > max) return { pointer, message: `is longer than ${max} characters` };
    if (pattern && !pattern.test(value))
      return { pointer, message: `is not ${what ?? `of the form ${pattern.source}`}` };
    return undefined;
  };
}

export const flag: BodyShape = (value, pointer) =>
  typeof value === "boolean" ? undefined : { pointer, message: `expected a boolean, got ${kindOf(value)}` };

/** A whole number within bounds, both included. */
export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): BodyShape {
  return (value, pointer) => {
    if (typeof value !== "number" || !Number.isInteger(value)) {
      return { pointer, message: `expected a whole number, got ${kindOf(value)}` };
    }
    return value < min || value > max ? { pointer, message: `must be between ${min} and ${max}` } : undefined;
  };
}

export function oneOf(...values: readonly (string | number)[]): BodyShape {
  return (value, pointer) =>
    values.some((known) => known === value)
      ? undefined
      : { pointer, message: `'${shown(value)}' is not one of ${values.join(", ")}` };
}

/** A value or null, where the API takes null for "not set". */
export function nullable(shape: BodyShape): BodyShape {
  return (value, pointer) => (value === null ? undefined : shape(value, pointer));
}

export function list(item: BodyShape, max = 1000): BodyShape {
  return (value, pointer) => {
    if (!Array.isArray(value)) return { pointer, message: `expected a list, got ${kindOf(value)}` };
    if (value.length > max) return { pointer, message: `has more than ${max} entries` };
    for (const [index, entry] of value.entries()) {
      const misfit = item(entry, `${pointer}/${index}`);
      if (misfit) return misfit;
    }
    return undefined;
  };
}

/** A list of texts or numbers, none twice. */
export function distinct(shape: BodyShape): BodyShape {
  return (value, pointer) => {
    const misfit = shape(value, pointer);
    if (misfit || !Array.isArray(value)) return misfit;
    const index = value.findIndex((item, at) => value.indexOf(item) < at);
    return index < 0 ? undefined : { pointer: `${pointer}/${index}`, message: "is there twice" };
  };
}

/** An object whose keys are free. */
export function record(item: BodyShape, max = 1000): BodyShape {
  return (value, pointer) => {
    if (!isObject(value)) return { pointer, message: `expected an object, got ${kindOf(value)}` };
    const entries = Object.entries(value);
    if (entries.length > max) return { pointer, message: `has more than ${max} keys` };
    for (const [key, entry] of entries) {
      const misfit = item(entry, `${pointer}/${escapePointer(key)}`);
      if (misfit) return misfit;
    }
    return undefined;
  };
}

/** An object with known keys; those that end with `*` are required. */
export function object(fields: Readonly<Record<string, BodyShape>>): BodyShape {
  const shapes = new Map(Object.entries(fields).map(([key, shape]) => [key.replace(/\*$/, ""), shape]));
  const required = Object.keys(fields).flatMap((key) => (key.endsWith("*") ? [key.slice(0, -1)] : []));
  return (value, pointer) => {
    if (!isObject(value)) return { pointer, message: `expected an object, got ${kindOf(value)}` };
    for (const [key, entry] of Object.entries(value)) {
      const shape = shapes.get(key);
      if (!shape)
        return { pointer: `${pointer}/${escapePointer(key)}`, message: `unknown field ${JSON.stringify(key)}` };
      const misfit = shape(entry, `${pointer}/${escapePointer(key)}`);
      if (misfit) return misfit;
    }
    const missing = required.find((key) => !Object.hasOwn(value, key));
    return missing === undefined ? undefined : { pointer: `${pointer}/${missing}`, message: "is required" };
  };
}

function escapePointer(key: string): string {
  return key.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? kindOf(value) : String(value).slice(0, 100);
}
