import type { IpAddress } from "../language/ip-address.ts";
import type { Integer } from "../language/read-literal.ts";

/**
 * A value while an expression is evaluated: String as byte string, Integer, Boolean, IP address, arrays and maps of them. The
 * checker has settled every type, so that values carry none.
 */
export type Value = string | Integer | boolean | IpAddress | readonly Value[] | ReadonlyMap<string, Value>;

/** A field that an expression reads and nobody gave. */
export class FieldNotGiven extends Error {
  readonly code = "FIELD_NOT_GIVEN";
  /** Name of the field, or `$name` of a list. */
  readonly field: string;

  constructor(field: string) {
    super(
      field.startsWith("$")
        ? `the list ${field} was not given, so that what it holds is unknown`
        : `${field} is computed by Cloudflare and was not given with the request; give it a value, for example { "given": { "${field}": … } }`,
    );
    this.field = field;
  }
}

/** The values of one request, each computed when it is first read. */
export interface Fields {
  /** By slot; undefined where not yet computed. */
  readonly values: (Value | undefined)[];
  /** Computes the value of a slot; undefined where the field has none. Throws FieldNotGiven. */
  read(slot: number): Value | undefined;
}
