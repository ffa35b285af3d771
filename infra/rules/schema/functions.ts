/**
 * Every function of the language with its signature, as of 2026-11-22:
 * https://developers.cloudflare.com/ruleset-engine/rules-language/functions/ and the changelog.
 */
import type { Phase } from "./phases.ts";
import type { Plan } from "./plans.ts";
import { arrayOf, type Type } from "./type.ts";

/** What an argument may be: a field or expression, a literal, or either. */
type ArgumentKind = "field" | "literal" | "any";

/** A type, or any array, or any map. */
export type Accepted = Type | "Array" | "Map";

export interface FunctionParameter {
  readonly kind: ArgumentKind;
  readonly types: readonly Accepted[];
  /** What is wrong with a literal, or undefined. */
  readonly refuse?: (value: string | number | bigint) => string | undefined;
  /** What a literal is a pattern of. */
  readonly pattern?: "regex" | "wildcard";
}

export interface FunctionSpec {
  readonly name: string;
  readonly params: readonly FunctionParameter[];
  readonly optional?: readonly FunctionParameter[];
  /** The parameter that may be repeated after the others. */
  readonly rest?: FunctionParameter;
  /** Maximum number of all arguments of a function with `rest`; no maximum when left out. */
  readonly maxArguments?: number;
  /** Every argument has the type of the first. */
  readonly sameTypes?: true;
  /** The second argument has the element type of the first. */
  readonly elementSecond?: true;
  readonly returns: Type | ((args: readonly Type[]) => Type);
  /** Phases that know it; absent means all. */
  readonly phases?: readonly Phase[];
  /** The smallest plan that may use it. */
  readonly plan?: Plan;
  /**
   * An expression can have it once, and not inside another such function
   * (https://developers.cloudflare.com/ruleset-engine/rules-language/functions/#regex_replace).
   */
  readonly once?: true;
}

const field = (...types: Accepted[]): FunctionParameter => ({ kind: "field", types });
const any = (...types: Accepted[]): FunctionParameter => ({ kind: "any", types });
const literal = (type: Type, refuse?: FunctionParameter["refuse"]): FunctionParameter => ({
  kind: "literal",
  types: [type],
  ...(refuse && { refuse }),
});

const between = (low: number, high: number) => (value: string | number | bigint) =>
  Number(value) >= low && Number(value) <= high ? undefined : `expected a value from ${low} to ${high}`;
const oneOf =
  (...allowed: string[]) =>
  (value: string | number | bigint) =>
    allowed.includes(String(value)) ? undefined : `expected one of ${allowed.map((flag) => `"${flag}"`).join(", ")}`;
const notEmpty = (value: string | number | bigint) => (value === "" ? "expected a text that is not empty" : undefined);

const CUSTOM: Phase = "http_request_firewall_custom";
const RATE: Phase = "http_ratelimit";
const REWRITE: Phase = "http_request_transform";
const REDIRECT: Phase = "http_request_dynamic_redirect";
const ERRORS: Phase = "http_custom_errors";
const REQUEST_HEADERS: Phase = "http_request_late_transform";
const RESPONSE_HEADERS: Phase = "http_response_headers_transform";
const TRANSFORMS = [REWRITE, REQUEST_HEADERS, RESPONSE_HEADERS];
const SCALARS = ["Bytes", "Int", "Ip", "Bool"] as const;

const first = (args: readonly Type[]): Type => args[0] ?? "Bytes";

export const FUNCTIONS: readonly FunctionSpec[] = [
  { name: "lower", params: [field("Bytes")], returns: "Bytes" },
  { name: "upper", params: [field("Bytes")], returns: "Bytes" },
  { name: "len", params: [field("Bytes", "Array")], returns: "Int" },
  {
    name: "concat",
    params: [any("Bytes", "Array"), any()],
    rest: any(),
    maxArguments: 32,
    sameTypes: true,
    returns: first,
  },
  { name: "starts_with", params: [field("Bytes"), any("Bytes")], returns: "Bool" },
  { name: "ends_with", params: [field("Bytes"), any("Bytes")], returns: "Bool" },
  { name: "substring", params: [field("Bytes"), any("Int")], optional: [any("Int")], returns: "Bytes" },
  {
    name: "url_decode",
    params: [field("Bytes")],
    optional: [literal("Bytes", oneOf("r", "u", "ur", "ru"))],
    returns: "Bytes",
  },
  { name: "decode_base64", params: [field("Bytes")], returns: "Bytes", phases: [CUSTOM, RATE, ...TRANSFORMS] },
  { name: "remove_bytes", params: [field("Bytes"), literal("Bytes")], returns: "Bytes" },
  {
    name: "cidr",
    params: [field("Ip"), literal("Int", between(1, 32)), literal("Int", between(1, 128))],
    returns: "Ip",
    phases: [CUSTOM, RATE],
  },
  { name: "cidr6", params: [field("Ip"), literal("Int", between(1, 128))], returns: "Ip", phases: [CUSTOM, RATE] },
  {
    name: "lookup_json_string",
    params: [field("Bytes"), any("Bytes", "Int")],
    rest: any("Bytes", "Int"),
    returns: "Bytes",
  },
  {
    name: "lookup_json_integer",
    params: [field("Bytes"), any("Bytes", "Int")],
    rest: any("Bytes", "Int"),
    returns: "Int",
  },
  { name: "has_key", params: [field("Map"), any("Bytes")], returns: "Bool" },
  { name: "has_value", params: [field("Map", "Array"), any(...SCALARS)], elementSecond: true, returns: "Bool" },
  {
    name: "join",
    params: [field(arrayOf("Bytes")), any("Bytes")],
    returns: "Bytes",
    phases: [CUSTOM, ...TRANSFORMS, ERRORS],
  },
  {
    name: "split",
    params: [field("Bytes"), literal("Bytes", notEmpty), literal("Int", between(1, 128))],
    returns: arrayOf("Bytes"),
  },
  { name: "coalesce", params: [any()], rest: any(), sameTypes: true, returns: first },
  {
    name: "hash_in_range",
    params: [any("Int"), any("Int"), field(...SCALARS)],
    rest: field(...SCALARS),
    returns: "Int",
  },
  {
    name: "is_timed_hmac_valid_v0",
    params: [literal("Bytes"), field("Bytes"), literal("Int"), field("Int")],
    optional: [literal("Int"), literal("Bytes", oneOf("s", ""))],
    returns: "Bool",
    phases: [CUSTOM, RATE],
    plan: "pro",
  },
  { name: "is_jwt_valid", params: [literal("Bytes")], returns: "Bool", phases: [CUSTOM], plan: "enterprise" },
  { name: "is_jwt_present", params: [literal("Bytes")], returns: "Bool", phases: [CUSTOM], plan: "enterprise" },
  { name: "to_string", params: [field("Int", "Bool", "Ip")], returns: "Bytes", phases: [...TRANSFORMS, REDIRECT] },
  {
    name: "regex_replace",
    params: [any("Bytes"), { ...literal("Bytes"), pattern: "regex" }, literal("Bytes")],
    returns: "Bytes",
    once: true,
    phases: [...TRANSFORMS, REDIRECT],
  },
  {
    name: "wildcard_replace",
    params: [field("Bytes"), { ...literal("Bytes"), pattern: "wildcard" }, literal("Bytes")],
    optional: [literal("Bytes", oneOf("s", ""))],
    returns: "Bytes",
    once: true,
    phases: [...TRANSFORMS, REDIRECT],
  },
  {
    name: "encode_base64",
    params: [any("Bytes")],
    optional: [literal("Bytes", oneOf("u", "p", "up", "pu", ""))],
    returns: "Bytes",
    phases: [REQUEST_HEADERS, RESPONSE_HEADERS],
  },
  { name: "sha256", params: [any("Bytes")], returns: "Bytes", phases: [REQUEST_HEADERS, RESPONSE_HEADERS] },
  { name: "uuidv4", params: [field("Bytes")], returns: "Bytes", phases: TRANSFORMS },
  {
    name: "remove_query_args",
    params: [field("Bytes"), literal("Bytes")],
    rest: literal("Bytes"),
    returns: "Bytes",
    phases: TRANSFORMS,
  },
  // Network Firewall alone.
  { name: "bit_slice", params: [field("Bytes"), literal("Int"), literal("Int")], returns: "Int", phases: [] },
];
