import type { Format } from "./formats.ts";

/**
 * The one grammar of parameters, responses and events. A schema is a plain JSON Schema (2020-12) with a few keywords of
 * our own (`OwnKeywords`), which the OpenAPI document translates. The TypeScript types, the validators, the OpenAPI
 * document and the tests' samples are derived from it.
 *
 * A `Bounded` schema limits the length of each string and array, and the range of each number. Parameters have to be
 * bounded, since a client chooses their values. Responses may be `unbounded`.
 */

/** Keywords that JSON Schema does not have. Other validators of JSON Schema ignore them. */
interface OwnKeywords {
  /** May be missing. */
  readonly optional?: true;
  /** Never enters a log, a trace or an error. */
  readonly secret?: true;
  /** A page gets it as a cookie, and not in the body of the HTTP response. */
  readonly cookie?: true;
  /** Codes with which the action refuses values that the schema accepts. */
  readonly refuses?: readonly string[];
}

export interface Notes extends OwnKeywords {
  /** What it means, its unit, and when it is missing or null. */
  readonly description?: string;
}

export interface StringSchema extends Notes {
  readonly type: "string";
  /** In Unicode code points, like `maxLength` (JSON Schema Validation 6.3). */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: Format;
}
interface NumberSchema extends Notes {
  readonly type: "integer" | "number";
  /** Inclusive, like `maximum`. */
  readonly minimum?: number;
  readonly maximum?: number;
}
interface BooleanSchema extends Notes {
  readonly type: "boolean";
}
interface EnumSchema extends Notes {
  readonly type: "string";
  readonly enum: readonly string[];
}
/** One value and no other. */
interface ConstSchema extends Notes {
  readonly const: string | number | true;
}
export interface ArraySchema extends Notes {
  readonly type: "array";
  readonly items: ValueSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}
export interface ObjectSchema extends Notes {
  readonly type: "object";
  readonly properties: Properties;
  readonly required: readonly string[];
  readonly additionalProperties: false;
  /** Its name in the OpenAPI document. Without a title, the document repeats the whole schema wherever it is used. */
  readonly title?: string;
}
/** One of several objects. The value of one field decides which one. */
export interface UnionSchema extends Notes {
  readonly oneOf: readonly ObjectSchema[];
  /** The name of that field, as in OpenAPI. */
  readonly discriminator: { readonly propertyName: string };
}
interface NullableSchema extends Notes {
  readonly anyOf: readonly [ValueSchema, { readonly type: "null" }];
}
/** An object that another document describes. Only for responses. */
export interface ForeignSchema extends Notes {
  readonly type: "object";
  readonly additionalProperties: true;
}

export type ValueSchema =
  | StringSchema
  | EnumSchema
  | NumberSchema
  | BooleanSchema
  | ConstSchema
  | ArraySchema
  | ObjectSchema
  | UnionSchema
  | NullableSchema
  | ForeignSchema;
export type Properties = Readonly<Record<string, ValueSchema>>;

/** A schema that limits the length of every string and array, and the range of every number, at any depth. */
export type Bounded =
  | (StringSchema & { readonly minLength: number; readonly maxLength: number })
  | EnumSchema
  | (NumberSchema & { readonly minimum: number; readonly maximum: number })
  | BooleanSchema
  | ConstSchema
  | (Omit<ArraySchema, "items" | "maxItems"> & { readonly items: Bounded; readonly maxItems: number })
  | (Omit<ObjectSchema, "properties"> & { readonly properties: Params })
  | (Omit<UnionSchema, "oneOf"> & {
      readonly oneOf: readonly (Omit<ObjectSchema, "properties"> & { readonly properties: Params })[];
    })
  | (Omit<NullableSchema, "anyOf"> & { readonly anyOf: readonly [Bounded, { readonly type: "null" }] });
export type Params = Readonly<Record<string, Bounded>>;

/** The values that a schema accepts. */
export type TypeOf<S> = S extends { readonly anyOf: readonly [infer Inner, { readonly type: "null" }] }
  ? TypeOf<Inner> | null
  : S extends { readonly const: infer Value }
    ? Value
    : S extends { readonly enum: readonly (infer Word)[] }
      ? Word
      : S extends { readonly oneOf: readonly (infer Member)[] }
        ? TypeOf<Member>
        : S extends { readonly type: "array"; readonly items: infer Item }
          ? readonly TypeOf<Item>[]
          : S extends { readonly type: "object"; readonly properties: infer P }
            ? ValuesOf<P>
            : S extends { readonly type: keyof Simple }
              ? Simple[S["type"]]
              : never;

interface Simple {
  string: string;
  integer: number;
  number: number;
  boolean: boolean;
  object: object;
}

/** The values of properties, or of parameters, once they are checked. */
export type ValuesOf<P> = Flattened<
  { readonly [K in keyof P as P[K] extends { readonly optional: true } ? never : K]: TypeOf<P[K]> } & {
    readonly [K in keyof P as P[K] extends { readonly optional: true } ? K : never]?: TypeOf<P[K]>;
  }
>;
/** Makes one object type of an intersection, so that editors and error messages show a readable type. */
type Flattened<T> = { [K in keyof T]: T[K] };

// Constructors of schemas. `NoInfer`: the type of a schema depends on the arguments alone, not on where it is used.

interface Range extends Notes {
  readonly min: number;
  readonly max: number;
}
type NotesOf<O> = NoInfer<Omit<O, "min" | "max">>;

/**
 * Text of `min` to `max` Unicode code points. The validator also refuses NUL, which PostgreSQL does not store, and lone
 * surrogates, which UTF-8 cannot express.
 */
export function string<const O extends Range & { readonly format?: Format }>(
  options: O,
): { readonly type: "string"; readonly minLength: number; readonly maxLength: number } & NotesOf<O> {
  const { min, max, ...notes } = options;
  return { type: "string", minLength: min, maxLength: max, ...notes };
}

interface RangeOf<Type> {
  readonly type: Type;
  readonly minimum: number;
  readonly maximum: number;
}

export function integer<const O extends Range>(options: O): RangeOf<"integer"> & NotesOf<O> {
  const { min, max, ...notes } = options;
  return { type: "integer", minimum: min, maximum: max, ...notes };
}

export function number<const O extends Range>(options: O): RangeOf<"number"> & NotesOf<O> {
  const { min, max, ...notes } = options;
  return { type: "number", minimum: min, maximum: max, ...notes };
}

export function boolean(notes?: Notes): { readonly type: "boolean" } {
  return { type: "boolean", ...notes };
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  notes?: Notes,
): { readonly type: "string"; readonly enum: NoInfer<Words> } {
  return { type: "string", enum: words, ...notes };
}

/** This value and no other: `constant(true)` is the result of an action that returns nothing else. */
export function constant<const Value extends string | number | true>(
  value: Value,
  notes?: Notes,
): { readonly const: NoInfer<Value> } {
  return { const: value, ...notes };
}

/** At most `max` items. */
export function array<const Item extends ValueSchema>(
  items: Item,
  options: Notes & { readonly min?: number; readonly max: number },
): { readonly type: "array"; readonly items: NoInfer<Item>; readonly minItems: number; readonly maxItems: number } {
  const { min = 0, max, ...notes } = options;
  return { type: "array", items, minItems: min, maxItems: max, ...notes };
}

interface ObjectOf<P> extends Notes {
  readonly type: "object";
  readonly properties: P;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

/** Exactly these properties and no other. */
export function object<const P extends Properties>(properties: P, notes?: Notes): ObjectOf<NoInfer<P>> {
  const required = Object.keys(properties).filter((name) => properties[name]?.optional !== true);
  return { type: "object", properties, required, additionalProperties: false, ...notes };
}

/** An object that the OpenAPI document gives a name, so that generated clients have a type for it. */
export function named<const P extends Properties>(
  title: string,
  description: string,
  properties: P,
): ObjectOf<NoInfer<P>> & { readonly title: string; readonly description: string } {
  return { ...object<P>(properties), title, description };
}

type TaggedMember<Tag extends string, Members> = {
  [Name in keyof Members & string]: ObjectOf<{ readonly [K in Tag]: { readonly const: Name } } & Members[Name]>;
}[keyof Members & string];

/**
 * One of several objects, by the value of the property `tag`: `union("kind", { text: { body }, picture: { url } })`.
 */
export function union<const Tag extends string, const Members extends Readonly<Record<string, Properties>>>(
  tag: Tag,
  members: Members,
): {
  readonly oneOf: readonly TaggedMember<NoInfer<Tag>, NoInfer<Members>>[];
  readonly discriminator: { readonly propertyName: string };
} {
  // the tag is written first for its place, and again so that a property of the same name cannot replace it
  const schemas = Object.entries(members).map(([name, properties]) =>
    object({ [tag]: constant(name), ...properties, [tag]: constant(name) }),
  );
  // the names of the members are known to the types only
  return {
    oneOf: schemas as unknown as readonly TaggedMember<Tag, Members>[],
    discriminator: { propertyName: tag },
  };
}

/** May be missing. */
export function optional<const S extends ValueSchema>(schema: S): NoInfer<S> & { readonly optional: true } {
  return { ...schema, optional: true };
}

/** May be null. */
export function nullable<const S extends ValueSchema>(
  schema: S,
  notes?: Notes,
): { readonly anyOf: readonly [NoInfer<S>, { readonly type: "null" }] } {
  return { anyOf: [schema, { type: "null" }], ...notes };
}

/** Schemas without limits, for responses, whose size the server decides. A parameter made of them does not compile. */
export const unbounded = {
  string: (notes?: Notes & { readonly format?: Format }): { readonly type: "string" } => ({ type: "string", ...notes }),
  /** 0 or more. */
  integer: (notes?: Notes): { readonly type: "integer"; readonly minimum: number } => ({
    type: "integer",
    minimum: 0,
    ...notes,
  }),
  array: <const Item extends ValueSchema>(
    items: Item,
    notes?: Notes,
  ): { readonly type: "array"; readonly items: NoInfer<Item> } => ({ type: "array", items, ...notes }),
  /** An object that another document describes. */
  object: (): ForeignSchema => ({ type: "object", additionalProperties: true }),
} as const;
