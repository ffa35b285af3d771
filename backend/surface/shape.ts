/**
 * What answers and events are made of, as plain data: the TypeScript types come from it, the JSON Schemas of the OpenAPI document, and
 * the tests' check of what is really sent. Nothing is checked against it while the backend runs.
 */
export type Shape = {
  /** May be missing. */
  readonly optional?: true;
  /** May be null. */
  readonly nullable?: true;
  /** What it means, its unit, and when it is missing or null. */
  readonly about?: string;
} & Kind;

type Kind =
  | {
      readonly type: "string";
      readonly format?: "email";
      readonly secret?: true;
      /** A page gets it as a cookie instead: then it is missing in the body of an HTTP answer. */
      readonly cookie?: true;
    }
  /** 0 or more. */
  | { readonly type: "integer" }
  | { readonly type: "boolean" }
  /** Says that it was done; there is no other value. */
  | { readonly type: "true" }
  /** One of these words. */
  | { readonly type: "word"; readonly words: readonly string[] }
  | { readonly type: "list"; readonly of: Shape }
  | ObjectShape
  /** An object that another document describes. */
  | { readonly type: "foreign" };

export type Fields = Readonly<Record<string, Shape>>;

/** Exactly these fields and no other. */
export interface ObjectShape {
  readonly type: "object";
  readonly fields: Fields;
  /** What the OpenAPI document calls it; without a name it is written out wherever it occurs. */
  readonly name?: string;
  readonly about?: string;
}

/** The values that have a shape. */
export type TypeOf<S extends Shape> = S extends { readonly nullable: true } ? Plain<S> | null : Plain<S>;

type Plain<S extends Shape> = S extends { readonly type: "object"; readonly fields: infer F extends Fields }
  ? ObjectOf<F>
  : S extends { readonly type: "list"; readonly of: infer Item extends Shape }
    ? readonly TypeOf<Item>[]
    : S extends { readonly type: "word"; readonly words: readonly (infer Word)[] }
      ? Word
      : S extends { readonly type: keyof Simple }
        ? Simple[S["type"]]
        : never;

interface Simple {
  string: string;
  integer: number;
  boolean: boolean;
  true: true;
  foreign: object;
}

type ObjectOf<F extends Fields> = Together<
  { readonly [K in keyof F as F[K] extends { readonly optional: true } ? never : K]: TypeOf<F[K]> } & {
    readonly [K in keyof F as F[K] extends { readonly optional: true } ? K : never]?: TypeOf<F[K]>;
  }
>;
/** One type instead of an intersection: what an editor shows and an error says is then readable. */
type Together<T> = { [K in keyof T]: T[K] };

export function object<const F extends Fields>(fields: F): { readonly type: "object"; readonly fields: F } {
  return { type: "object", fields };
}

/** An object that the OpenAPI document gives a name, so that generated clients have a type for it. */
export function named<const F extends Fields>(
  name: string,
  about: string,
  fields: F,
): { readonly type: "object"; readonly name: string; readonly about: string; readonly fields: F } {
  return { type: "object", name, about, fields };
}

export function list<const S extends Shape>(of: S): { readonly type: "list"; readonly of: S } {
  return { type: "list", of };
}
