/**
 * The inputs and outputs of a resource as data: their names in Pulumi and in the API, what is required, what the server
 * fills in. From one table come the checks, the request bodies, the outputs and the differences, so that they cannot
 * disagree. Names and defaults are those of pulumi-cloudflare 6 (https://www.pulumi.com/registry/packages/cloudflare/).
 */
export type FieldKind =
  | "text"
  | "number"
  | "flag"
  /** Any JSON value, passed through as it is. */
  | "any"
  /** An object in the API, its JSON text in Pulumi. */
  | "json"
  | {
      readonly list: FieldKind;
      /** The order of its items is no difference. */
      readonly isSet?: true;
    }
  /** An object with free keys. */
  | { readonly record: FieldKind }
  | { readonly object: ResourceFields };

export interface ResourceField {
  readonly kind: FieldKind;
  /** The API's name, where it is not the snake_case of ours. */
  readonly apiName?: string;
  readonly required?: true;
  /** Part of the request's path, never of its body. */
  readonly path?: true;
  /** A change makes a new resource. */
  readonly replaces?: true;
  /** "always": the server's, no input. "optional": the server's where no input is given. */
  readonly computed?: "always" | "optional";
  /** Sent where no input is given. */
  readonly initial?: unknown;
  /** Where the resource has this other field, the server makes the value of it: no input then, unless it is given. */
  readonly madeOf?: string;
}

export type ResourceFields = Readonly<Record<string, ResourceField>>;
export type Values = Readonly<Record<string, unknown>>;

/** The engine's mark for a value that is not known before the update runs (pulumi/proto/resource.proto). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const text: ResourceField = { kind: "text" };
export const number: ResourceField = { kind: "number" };
export const flag: ResourceField = { kind: "flag" };
export const texts: ResourceField = { kind: { list: "text" } };

/** `requestsPerPeriod` is `requests_per_period` to the API. */
function apiNameOf(name: string, field: ResourceField): string {
  return field.apiName ?? name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The inputs with what the provider itself fills in. */
export function withInitials(fields: ResourceFields, inputs: Values): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = inputs[name] ?? structuredClone(field.initial);
    if (value !== undefined && value !== null) filled[name] = withObjects(field.kind, value, withInitials);
  }
  return filled;
}

/** A request's body from inputs: what is part of the path or set by the server is left out. */
export function toBody(fields: ResourceFields, inputs: Values): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = inputs[name];
    if (value === undefined || value === null || field.path || field.computed === "always") continue;
    body[apiNameOf(name, field)] = withObjects(field.kind, value, toBody);
  }
  return body;
}

/** Outputs from a response's result: null means "not set" and is left out. */
export function toOutputs(fields: ResourceFields, result: unknown): Record<string, unknown> {
  const outputs: Record<string, unknown> = {};
  if (!isValues(result)) return outputs;
  for (const [name, field] of Object.entries(fields)) {
    const value = result[apiNameOf(name, field)];
    if (value === undefined || value === null) continue;
    outputs[name] = field.kind === "json" ? JSON.stringify(value) : withObjects(field.kind, value, toOutputs);
  }
  return outputs;
}

/** A value with each object of known fields in it changed. */
function withObjects(
  kind: FieldKind,
  value: unknown,
  change: (fields: ResourceFields, value: Values) => Values,
): unknown {
  if (typeof kind === "string") return value;
  if ("list" in kind) return Array.isArray(value) ? value.map((item) => withObjects(kind.list, item, change)) : value;
  if (!isValues(value)) return value;
  if ("object" in kind) return change(kind.object, value);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withObjects(kind.record, item, change)] as const),
  );
}

/** Whether two JSON values are the same; a member that is undefined counts as absent. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => sameValue(item, other[index]));
  }
  if (!isValues(one) || !isValues(other)) return false;
  return [...Object.keys(one), ...Object.keys(other)].every((key) => sameValue(one[key], other[key]));
}
