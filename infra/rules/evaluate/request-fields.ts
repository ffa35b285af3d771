import { type LanguageSchema, SCHEMA, type SchemaField } from "../schema/schema.ts";
import { convert } from "./convert.ts";
import { BODY_COMPUTERS } from "./fields/body.ts";
import { COMPUTERS, type Computer, type Source } from "./fields/computers.ts";
import { lowerAscii } from "./match-wildcard.ts";
import type { RequestFacts, ResponseFacts } from "./request.ts";
import { FieldNotGiven, type Fields, type Value } from "./value.ts";

/** The fields of one request, each computed when an expression first reads it. */
export type RequestFields = Fields;

const BY_SLOT: readonly SchemaField[] = [...SCHEMA.fields.values()];
const COMPUTE: readonly (Computer | undefined)[] = BY_SLOT.map(({ name }) => COMPUTERS[name] ?? BODY_COMPUTERS[name]);

/** Names under which a slot's value may be given: a deprecated name and its replacement are one field. */
const NAMES: readonly (readonly string[])[] = BY_SLOT.map(({ name, replacedBy }) =>
  replacedBy ? [name, replacedBy] : [name, ...BY_SLOT.filter((old) => old.replacedBy === name).map((old) => old.name)],
);

/**
 * The fields of a request. A field that only Cloudflare can compute and that `facts.given` does not name throws
 * FieldNotGiven when it is read. Response fields need `response`.
 * @throws FieldValueError when a given value does not have its field's type, on the first read of that field
 */
export function requestFields(facts: RequestFacts, response?: ResponseFacts): RequestFields {
  return new LazyFields(facts, response);
}

/** Fields that serve one request after another: those of a request are valid until the next one begins. */
export interface ReusableFields extends Fields {
  begin(facts: RequestFacts): void;
}

/** Fields without a request; `begin` gives them one. */
export function reusableFields(): ReusableFields {
  return new LazyFields(NO_REQUEST, undefined);
}

const NO_REQUEST: RequestFacts = {
  method: "",
  host: "",
  uri: "",
  version: "HTTP/1.1",
  scheme: "https",
  headers: [],
  ip: "",
  at: 0,
};

class LazyFields implements ReusableFields, Source {
  // Arrays of one length for every request keep the engine's reads monomorphic.
  readonly values: (Value | undefined)[] = new Array(BY_SLOT.length).fill(undefined);
  readonly lowered: (string | undefined)[] = new Array(BY_SLOT.length).fill(undefined);
  facts: RequestFacts;
  readonly response: ResponseFacts | undefined;
  /** Slots that have a value; only the first `count` are of this request. */
  readonly #computed: number[] = [];
  #count = 0;

  constructor(facts: RequestFacts, response: ResponseFacts | undefined) {
    this.facts = facts;
    this.response = response;
  }

  begin(facts: RequestFacts): void {
    for (let at = 0; at < this.#count; at += 1) {
      const slot = this.#computed[at] ?? 0;
      this.values[slot] = undefined;
      this.lowered[slot] = undefined;
    }
    this.#count = 0;
    this.facts = facts;
  }

  get(field: string): Value {
    const { slot } = SCHEMA.fields.get(field) ?? { slot: -1 };
    return this.values[slot] ?? this.read(slot);
  }

  read(slot: number): Value {
    const field = BY_SLOT[slot];
    if (!field) throw new RangeError(`no field has slot ${slot}`);
    const value = givenValue(this.facts.given, field) ?? COMPUTE[slot]?.(this);
    if (value === undefined) throw new FieldNotGiven(field.name);
    this.values[slot] = value;
    this.#computed[this.#count] = slot;
    this.#count += 1;
    return value;
  }

  lower(slot: number): string {
    const lower = lowerAscii((this.values[slot] ?? this.read(slot)) as string);
    this.lowered[slot] = lower;
    return lower;
  }
}

function givenValue(given: RequestFacts["given"], { slot, type }: SchemaField): Value | undefined {
  if (!given) return undefined;
  for (const name of NAMES[slot] ?? []) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) return convert(value, type, name);
  }
  return undefined;
}

/**
 * Fields of any schema from plain values; a name without value is missing. For trying expressions against made-up
 * fields.
 */
export function fieldsOf(schema: LanguageSchema, given: Readonly<Record<string, unknown>>): Fields {
  const values: (Value | undefined)[] = [...schema.fields.values()].map(({ name, type }) =>
    Object.hasOwn(given, name) ? convert(given[name], type, name) : undefined,
  );
  const lower = (slot: number) => {
    const value = values[slot];
    return value === undefined ? undefined : lowerAscii(value as string);
  };
  return { values, read: () => undefined, lowered: [], lower };
}
