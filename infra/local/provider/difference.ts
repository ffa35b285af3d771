/** What changed between two sets of inputs, and what part of them a refreshed resource still has. */
import {
  type FieldKind,
  isValues,
  type ResourceFields,
  sameValue,
  UNKNOWN,
  type Values,
  withInitials,
} from "./fields.ts";

export interface Difference {
  /** Paths such as `rules[1].expression`, in the fields' order. */
  readonly changed: readonly string[];
  /** The top-level inputs among them that make a new resource. */
  readonly replaces: readonly string[];
}

/** Defaults count as given, so that writing a default out is no change. */
export function differenceOf(fields: ResourceFields, before: Values, after: Values): Difference {
  const changed = changedPaths(fields, withInitials(fields, before), withInitials(fields, after), "");
  const names = new Set(changed.map((path) => path.split(/[.[]/, 1)[0]));
  return { changed, replaces: Object.keys(fields).filter((name) => fields[name]?.replaces && names.has(name)) };
}

function changedPaths(fields: ResourceFields, before: Values, after: Values, at: string): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    if (field.computed === "always") return [];
    return changedPathsOf(field.kind, before[name], after[name], at === "" ? name : `${at}.${name}`);
  });
}

function changedPathsOf(kind: FieldKind, before: unknown, after: unknown, at: string): string[] {
  if (after === UNKNOWN) return before === UNKNOWN ? [] : [at];
  if (sameValue(before, after)) return [];
  if (typeof kind === "string") return [at];
  if ("list" in kind) {
    if (!Array.isArray(before) || !Array.isArray(after)) return [at];
    if (kind.isSet) return sameValue(sortedTexts(before), sortedTexts(after)) ? [] : [at];
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index).flatMap((index) =>
      changedPathsOf(kind.list, before[index], after[index], `${at}[${index}]`),
    );
  }
  if (!isValues(before) || !isValues(after)) return [at];
  if ("object" in kind) return changedPaths(kind.object, before, after, at);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    changedPathsOf(kind.record, before[key], after[key], `${at}[${JSON.stringify(key)}]`),
  );
}

/** In an order that only depends on what the items are. */
const sortedTexts = (items: readonly unknown[]): readonly string[] => items.map((item) => canonical(item)).sort();

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isValues(value)) return JSON.stringify(value) ?? "null";
  const members = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${members
    .sort()
    .map((name) => `${name}:${canonical(value[name])}`)
    .join(",")}}`;
}

/**
 * The inputs that would describe what was read: those the program gave, with their present values, and those that
 * someone set besides. What the server decides where nothing was given stays out, so that it is no difference.
 */
export function inputsFrom(fields: ResourceFields, outputs: Values, given?: Values): Record<string, unknown> {
  const inputs: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.computed === "always") continue;
    const [value, before] = [outputs[name], given?.[name]];
    if (value === undefined) continue;
    if (before === undefined && field.computed === "optional") continue;
    if (before === undefined && field.madeOf !== undefined && outputs[field.madeOf] !== undefined) continue;
    if (before === undefined && sameValue(value, field.initial)) continue;
    inputs[name] = inputOf(field.kind, value, before);
  }
  return inputs;
}

function inputOf(kind: FieldKind, value: unknown, given: unknown): unknown {
  if (typeof kind === "string") return value;
  if ("object" in kind) return isValues(value) ? inputsFrom(kind.object, value, isValues(given) ? given : {}) : value;
  if ("list" in kind) {
    const before: unknown[] = Array.isArray(given) ? given : [];
    return Array.isArray(value)
      ? value.map((item, index) => inputOf(kind.list, item, givenItemFor(before, item, index)))
      : value;
  }
  if (!isValues(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      inputOf(kind.record, item, isValues(given) ? given[key] : undefined),
    ]),
  );
}

/** The given item that has the same `ref`; where items have none, the one at the same place. */
function givenItemFor(given: readonly unknown[], item: unknown, index: number): unknown {
  const ref = isValues(item) ? item.ref : undefined;
  const byRef = given.find((other) => isValues(other) && other.ref !== undefined && other.ref === ref);
  return byRef ?? given[index];
}
