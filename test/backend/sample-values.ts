import type { ValueSchema } from "../../backend/surface/grammar.ts";
import type { Store } from "./store/open-store.ts";
import type { TestUser } from "./test-backend.ts";

/**
 * What the tests that go through the whole surface need to know of a feature, where any value that the schema accepts
 * would not do. It is exported as `samples` by `test/backend/NAME/samples.ts`.
 */
export interface FeatureSamples {
  /**
   * Values of parameters by name, with which actions succeed for this person; `target` is the user that it is done to.
   */
  values?(person: TestUser, target: TestUser, action: string): Readonly<Record<string, unknown>>;
  /** Parameters that are given although they are optional. */
  readonly given?: readonly string[];
  /** Stores what has to be there before the action can succeed, and returns the values that follow from it. */
  prepare?(
    store: Store,
    action: string,
    person: TestUser,
    target: TestUser,
  ): Promise<Readonly<Record<string, unknown>>>;
  /**
   * By code: a value that keeps to every bound of its parameter and is refused with this code. A function gets the
   * values of the other parameters, and who calls.
   */
  readonly refused?: Readonly<Record<string, string | RefusedValue>>;
  /** Bodies of entries that take something else than JSON, by action. */
  readonly bodies?: Readonly<Record<string, SampleBody>>;
  /**
   * Values that parameters may have, so that random calls get past the first check: by the name of the parameter, or of
   * any parameter. `call` is a call of the user who has the sockets.
   */
  likelyValues?(call: CallAction, other: TestUser): Promise<LikelyValues>;
  /** What clients could have stored by calls that were all to be refused: nothing. */
  listStored?(call: CallAction): Promise<readonly unknown[]>;
  /** Values that other parameters must have for a refusal with this code. */
  otherParams?(action: string, code: string): Readonly<Record<string, unknown>>;
}

/** Calls an action over the socket of a user; resolves with its result. */
type CallAction = (action: string, params: object) => Promise<unknown>;

interface LikelyValues {
  readonly any: readonly string[];
  readonly byName?: Readonly<Record<string, readonly string[]>>;
}

/** A body that is no JSON. */
export interface SampleBody {
  readonly type: string;
  readonly bytes: Buffer;
}

type RefusedValue = (good: Readonly<Record<string, unknown>>, person: TestUser) => unknown;

let count = 0;
/** A number that no other call returns. */
export const fresh = (): number => ++count;

/** The session that an access token belongs to. */
export function sidOf(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()).sid;
}

/** A value that a schema accepts. */
export function sample(schema: ValueSchema): unknown {
  if ("anyOf" in schema) return sample(schema.anyOf[0]);
  if ("oneOf" in schema) return schema.oneOf[0] && sample(schema.oneOf[0]);
  if ("const" in schema) return schema.const;
  if ("enum" in schema) return schema.enum[0];
  switch (schema.type) {
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return true;
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items));
    case "object":
      if (!("properties" in schema)) return {};
      return Object.fromEntries(
        schema.required.map((name) => [name, schema.properties[name] && sample(schema.properties[name])]),
      );
    case "string":
      return schema.format === undefined ? textOf(schema.minLength, schema.maxLength) : OF_FORMAT[schema.format];
  }
}

const OF_FORMAT = {
  email: "person@example.org",
  uuid: "0b0c7cf5-6c0c-4a52-8a5e-9d3f3d1c9c11",
  date: "2026-02-28",
  "date-time": "2026-02-28T23:59:59Z",
  uri: "https://example.org/",
} as const;

function textOf(min = 0, max = 6): string {
  return "sample".repeat(Math.ceil(min / 6) + 1).slice(0, Math.max(min, Math.min(max, 6)));
}
