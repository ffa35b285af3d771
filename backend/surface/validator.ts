import { hasFormat } from "./formats.ts";
import type { ArraySchema, ObjectSchema, StringSchema, UnionSchema, ValueSchema } from "./grammar.ts";

/** Why a value is refused. Never holds the value, which may be a secret. */
export interface Mismatch {
  /**
   * Where in the value: `name`, `tags[2]`, `author.name`; empty for the value itself or a name that is not declared.
   */
  readonly field: string;
  /** What the schema allows: "a string of 1 to 64 characters". */
  readonly expected: string;
  /** What kind of value was given: "a number", "nothing", "a string of 300 characters". */
  readonly given: string;
}

/** Returns why the schema refuses a value; undefined for a value that it accepts. */
export type Validator = (value: unknown) => Mismatch | undefined;

type SchemaCheck = (value: unknown) => FoundMismatch | undefined;
/**
 * A mismatch, and its path in the value so far. Each level adds its part on the way out, so that accepted values need
 * none.
 */
interface FoundMismatch extends Omit<Mismatch, "field"> {
  path: string;
}

/**
 * Makes the validator of a schema out of closures. It generates no code (`new Function`), so that it works with
 * `--disallow-code-generation-from-strings`. Throws for a schema that is not in the grammar.
 */
export function compileValidator(schema: ValueSchema): Validator {
  const check = checkOf(schema);
  return (value) => {
    const found = check(value);
    if (!found) return undefined;
    const { path, expected, given } = found;
    return { field: path.startsWith(".") ? path.slice(1) : path, expected, given };
  };
}

function checkOf(schema: ValueSchema): SchemaCheck {
  if ("anyOf" in schema) {
    const inner = checkOf(schema.anyOf[0]);
    return (value) => {
      const found = value === null ? undefined : inner(value);
      return found && (found.path === "" ? { ...found, expected: `${found.expected}, or null` } : found);
    };
  }
  if ("oneOf" in schema) return unionCheck(schema);
  if ("const" in schema) return checkThat((value) => value === schema.const, JSON.stringify(schema.const));
  if ("enum" in schema) {
    const words: ReadonlySet<unknown> = new Set(schema.enum);
    return checkThat((value) => words.has(value), `one of ${schema.enum.join(", ")}`);
  }
  switch (schema.type) {
    case "string":
      return stringCheck(schema);
    case "integer": {
      const { minimum: min = Number.MIN_SAFE_INTEGER, maximum: max = Number.MAX_SAFE_INTEGER } = schema;
      return rangeCheck(Number.isInteger, min, max, `an integer from ${min} to ${max}`);
    }
    case "number": {
      const { minimum: min = -Number.MAX_VALUE, maximum: max = Number.MAX_VALUE } = schema;
      return rangeCheck(isNumber, min, max, `a number from ${min} to ${max}`);
    }
    case "boolean":
      return checkThat((value) => typeof value === "boolean", "true or false");
    case "array":
      return arrayCheck(schema);
    case "object":
      return "properties" in schema ? objectCheck(schema) : checkThat(isObject, "an object");
    default:
      throw new Error(`no schema of the grammar has the type ${JSON.stringify((schema as { type?: unknown }).type)}`);
  }
}

function checkThat(accepts: (value: unknown) => boolean, expected: string): SchemaCheck {
  return (value) => (accepts(value) ? undefined : mismatch(expected, value));
}

function rangeCheck(hasType: (value: unknown) => boolean, min: number, max: number, expected: string): SchemaCheck {
  return (value) => {
    if (!hasType(value)) return mismatch(expected, value);
    if ((value as number) < min) return { path: "", expected, given: "a smaller one" };
    return (value as number) > max ? { path: "", expected, given: "a larger one" } : undefined;
  };
}

const isNumber = (value: unknown) => typeof value === "number" && !Number.isNaN(value);

function mismatch(expected: string, value: unknown): FoundMismatch {
  return { path: "", expected, given: kindOf(value) };
}

function stringCheck({
  minLength: min = 0,
  maxLength: max = Number.POSITIVE_INFINITY,
  format,
}: StringSchema): SchemaCheck {
  const length = max === Number.POSITIVE_INFINITY ? "" : ` of ${countOf(min, max, "character")}`;
  const expected = format === undefined ? `a string${length}` : `a string${length} in the format ${format}`;
  return (value) => {
    if (typeof value !== "string" || !hasLength(value, min, max)) return mismatch(expected, value);
    if (!value.isWellFormed() || value.includes("\0")) {
      return { path: "", expected: `${expected}, well-formed Unicode without NUL`, given: "a string that is not" };
    }
    if (format === undefined || hasFormat(format, value)) return undefined;
    return { path: "", expected, given: "a string without this format" };
  };
}

/**
 * Whether a text has `min` to `max` code points. A code point is one or two units, so that it seldom has to count them.
 */
function hasLength(text: string, min: number, max: number): boolean {
  const units = text.length;
  if (units <= max && units >= min * 2) return true;
  if (units < min || units > max * 2) return false;
  const points = codePoints(text);
  return points >= min && points <= max;
}

function codePoints(text: string): number {
  let points = text.length;
  for (let index = 1; index < text.length; index += 1) {
    if (isHigh(text.charCodeAt(index - 1)) && isLow(text.charCodeAt(index))) points -= 1;
  }
  return points;
}
const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

function arrayCheck({ items, minItems: min = 0, maxItems: max = Number.POSITIVE_INFINITY }: ArraySchema): SchemaCheck {
  const check = checkOf(items);
  const expected = max === Number.POSITIVE_INFINITY ? "an array" : `an array of ${countOf(min, max, "item")}`;
  return (value) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) return mismatch(expected, value);
    for (let index = 0; index < value.length; index += 1) {
      const found = check(value[index]);
      if (found) return prependPath(`[${index}]`, found);
    }
    return undefined;
  };
}

function objectCheck({ properties, required }: ObjectSchema): SchemaCheck {
  const names = Object.keys(properties);
  // every object inherits these names, and so would seem to have the property
  const inherited = names.find((name) => name in Object.prototype);
  if (inherited !== undefined) throw new Error(`a property cannot be called ${inherited}, which every object inherits`);
  const checks = Object.entries(properties).map(([name, schema]) => {
    return { name, check: checkOf(schema), isRequired: required.includes(name) };
  });
  const declared = names.length === 0 ? "no properties" : `only ${names.join(", ")}`;
  return (value) => {
    if (!isObject(value)) return mismatch("an object", value);
    let presentCount = 0;
    for (const { name, check, isRequired } of checks) {
      const property = value[name];
      if (property === undefined) {
        if (isRequired) return prependPath(`.${name}`, check(undefined) ?? mismatch("a value", undefined));
        continue;
      }
      presentCount += 1;
      const mismatched = check(property);
      if (mismatched) return prependPath(`.${name}`, mismatched);
    }
    const given = Object.keys(value);
    if (given.length === presentCount) return undefined;
    const hasUndeclared = given.some((name) => !Object.hasOwn(properties, name) && value[name] !== undefined);
    return hasUndeclared ? { path: "", expected: declared, given: "a name that is not declared" } : undefined;
  };
}

function unionCheck({ oneOf, discriminator: { propertyName: tag } }: UnionSchema): SchemaCheck {
  const members = new Map<unknown, SchemaCheck>();
  for (const member of oneOf) {
    const { [tag]: constant } = member.properties;
    if (!constant || !("const" in constant)) throw new Error(`a member of the union has no constant ${tag}`);
    members.set(constant.const, objectCheck(member));
  }
  const expected = `one of ${[...members.keys()].join(", ")}`;
  return (value) => {
    if (!isObject(value)) return mismatch("an object", value);
    const tagValue = Object.hasOwn(value, tag) ? value[tag] : undefined;
    const check = members.get(tagValue);
    return check ? check(value) : prependPath(`.${tag}`, mismatch(expected, tagValue));
  };
}

function prependPath(place: string, found: FoundMismatch): FoundMismatch {
  found.path = place + found.path;
  return found;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `1 item`, `3 items`, `0 to 3 items`. */
function countOf(min: number, max: number, one: string): string {
  const range = min === max ? `${max}` : `${min} to ${max}`;
  return max === 1 && min === 1 ? `1 ${one}` : `${range} ${one}s`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${countOf(value.length, value.length, "item")}`;
  switch (typeof value) {
    case "string":
      return `a string of ${countOf(codePoints(value), codePoints(value), "character")}`;
    case "number":
      return Number.isInteger(value) ? "an integer" : "a number";
    case "object":
      return "an object";
    default:
      return `a ${typeof value}`;
  }
}
