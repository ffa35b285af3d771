import type { IpAddress } from "../language/ip-address.ts";
import type { Integer } from "../language/read-literal.ts";
import { PatternTooCostly } from "../regex/index.ts";

/**
 * A value while an expression is evaluated: String as byte string, Integer, Boolean, IP address, arrays and maps of
 * them. The checker has settled every type, so that values carry none.
 */
export type Value = string | Integer | boolean | IpAddress | readonly Value[] | ReadonlyMap<string, Value>;

/** A field that an expression reads and that was not given. */
export class FieldNotGiven extends Error {
  readonly code = "FIELD_NOT_GIVEN";
  /** Name of the field, or `$name` of a list. */
  readonly field: string;

  constructor(field: string) {
    super(
      field.startsWith("$")
        ? `the list ${field} was not given, so that what it holds is unknown`
        : `${field} is computed by Cloudflare and was not given with the request; give it a value, for example { ` +
            `"given": { "${field}": … } }`,
    );
    this.field = field;
  }
}

/** Why a result is not known: what it depends on, and the reason as the end of a sentence. */
export interface Unknown {
  readonly what: string;
  readonly reason: string;
}

/** Reads an error that means that a result is not known; undefined for every other error. */
export function unknownBy(error: unknown): Unknown | undefined {
  if (error instanceof FieldNotGiven) return { what: error.field, reason: `${error.field} was not given` };
  if (error instanceof PatternTooCostly) {
    return {
      what: `the pattern ${error.pattern.slice(0, 80)}`,
      reason: "its pattern takes too many steps on this input",
    };
  }
  return undefined;
}

/** The values of one request, each computed when it is first read. */
export interface Fields {
  /** By slot; undefined where not yet computed. */
  readonly values: (Value | undefined)[];
  /** Computes the value of a slot; undefined where the field has none. Throws FieldNotGiven. */
  read(slot: number): Value | undefined;
  /** Text values in ASCII lower case, by slot; undefined where not yet computed. */
  readonly lowered: (string | undefined)[];
  /** Computes the lower case of a text field; undefined where the field has no value. Throws FieldNotGiven. */
  lower(slot: number): string | undefined;
}
