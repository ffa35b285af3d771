import { SCHEMA, type Schema, type SchemaField } from "../schema/schema.ts";
import { convert } from "./convert.ts";
import { BODY_COMPUTERS } from "./fields/body.ts";
import { COMPUTERS, type Computer, type Source } from "./fields/computers.ts";
import type { RequestFacts, ResponseFacts } from "./request.ts";
import { FieldNotGiven, type Fields, type Value } from "./value.ts";

/** The fields of one request, each computed when an expression first reads it. */
export type RequestFields = Fields;

const BY_SLOT: readonly SchemaField[] = [...SCHEMA.fields.values()];
const COMPUTE: readonly (Computer | undefined)[] = BY_SLOT.map(({ name }) => COMPUTERS[name] ?? BODY_COMPUTERS[name]);

/**
 * The fields of a request. A field that only Cloudflare can compute and that `facts.given` does not name throws FieldNotGiven
 * when it is read. Response fields need `response`.
 * @throws FieldValueError when a given value does not have its field's type, on the first read of that field
 */
export function requestFields(facts: RequestFacts, response?: ResponseFacts): RequestFields {
  return new LazyFields(facts, response);
}

class LazyFields implements Fields, Source {
  // One array of one length for every request keeps the engine's reads monomorphic.
  readonly values: (Value | undefined)[] = new Array(BY_SLOT.length).fill(undefined);
  readonly facts: RequestFacts;
  readonly response: ResponseFacts | undefined;
  readonly get: (field: string) => Value;

  constructor(facts: RequestFacts, response: ResponseFacts | undefined) {
    this.facts = facts;
    this.response = response;
    this.get = (field) => {
      const { slot } = SCHEMA.fields.get(field) ?? { slot: -1 };
      const value = this.values[slot] ?? this.read(slot);
      return value;
    };
  }

  read(slot: number): Value {
    const field = BY_SLOT[slot];
    if (!field) throw new RangeError(`no field has slot ${slot}`);
    const given = givenValue(this.facts, field);
    const value = given ?? COMPUTE[slot]?.(this);
    if (value === undefined) throw new FieldNotGiven(field.name);
    this.values[slot] = value;
    return value;
  }
}

/** A deprecated name and its replacement are one field: either may be given. */
function givenValue({ given }: RequestFacts, { name, type, replacedBy }: SchemaField): Value | undefined {
  if (!given) return undefined;
  const names = replacedBy ? [name, replacedBy] : [name, ...(DEPRECATED.get(name) ?? [])];
  for (const one of names) {
    const value = Object.hasOwn(given, one) ? given[one] : undefined;
    if (value !== undefined) return convert(value, type, one);
  }
  return undefined;
}

const DEPRECATED: ReadonlyMap<string, readonly string[]> = new Map(
  BY_SLOT.flatMap(({ name, replacedBy }) => (replacedBy ? [[replacedBy, [name]] as const] : [])),
);

/** Fields of any schema from plain values; a name without value is missing. For trying expressions against made-up fields. */
export function fieldsOf(schema: Schema, given: Readonly<Record<string, unknown>>): Fields {
  const values: (Value | undefined)[] = [...schema.fields.values()].map(({ name, type }) =>
    Object.hasOwn(given, name) ? convert(given[name], type, name) : undefined,
  );
  return { values, read: () => undefined };
}
