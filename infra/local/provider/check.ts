/** Checks the inputs of a resource: unknown names, missing ones and wrong types, each reported with its path. */
import { didYouMean } from "../../rules/index.ts";
import { type FieldKind, isValues, type ResourceFields, UNKNOWN, type Values } from "./fields.ts";

export interface CheckFailure {
  /** e.g. `rules[1].ratelimit.period` */
  readonly property: string;
  readonly reason: string;
}

/** Values that the engine does not know yet pass every check. */
export function checkInputs(fields: ResourceFields, inputs: Values, at = ""): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const path = (name: string) => (at === "" ? name : `${at}.${name}`);
  const names = Object.keys(fields).filter((name) => fields[name]?.computed !== "always");
  for (const [name, value] of Object.entries(inputs)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field && field.computed !== "always") {
      if (value !== undefined && value !== null) failures.push(...checkKind(field.kind, value, path(name)));
    } else if (field) {
      failures.push({ property: path(name), reason: `${name} is decided by Cloudflare and cannot be given` });
    } else {
      // the API's own spelling has underscores
      const hint = didYouMean(name.replaceAll("_", ""), names) ?? `it takes ${names.join(", ")}`;
      failures.push({ property: path(name), reason: `there is no input named ${name}; ${hint}` });
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    if (field.required && (inputs[name] === undefined || inputs[name] === null)) {
      failures.push({ property: path(name), reason: `${name} is required` });
    }
  }
  return failures;
}

const typeNames = { text: "string", json: "string", number: "number", flag: "boolean" } as const;

function checkKind(kind: FieldKind, value: unknown, at: string): CheckFailure[] {
  if (value === UNKNOWN || kind === "any") return [];
  if (typeof kind === "string") {
    const wanted = typeNames[kind];
    return typeof value === wanted ? [] : [{ property: at, reason: `expected a ${wanted}, got ${kindOf(value)}` }];
  }
  if ("list" in kind) {
    if (!Array.isArray(value)) return [{ property: at, reason: `expected a list, got ${kindOf(value)}` }];
    return value.flatMap((item, index) => checkKind(kind.list, item, `${at}[${index}]`));
  }
  if (!isValues(value)) return [{ property: at, reason: `expected an object, got ${kindOf(value)}` }];
  if ("object" in kind) return checkInputs(kind.object, value, at);
  return Object.entries(value).flatMap(([key, item]) => checkKind(kind.record, item, `${at}[${JSON.stringify(key)}]`));
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
