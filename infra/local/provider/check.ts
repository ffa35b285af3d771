/** Whether inputs are what a resource takes: unknown names, missing ones and wrong types, each said with its path. */
import { type Fields, isValues, type Kind, UNKNOWN, type Values } from "./fields.ts";

export interface CheckFailure {
  /** e.g. `rules[1].ratelimit.period` */
  readonly property: string;
  readonly reason: string;
}

/** Values that the engine does not know yet pass every check. */
export function checkInputs(fields: Fields, inputs: Values, at = ""): CheckFailure[] {
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
      const near = nearest(name, names);
      const hint = near === undefined ? `it takes ${names.join(", ")}` : `did you mean ${near}?`;
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

function checkKind(kind: Kind, value: unknown, at: string): CheckFailure[] {
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

/** The candidate that is at most a third of the name's letters away (Levenshtein), or undefined. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = distanceOf(name.toLowerCase().replaceAll("_", ""), candidate.toLowerCase());
    if (distance <= Math.max(1, name.length / 3) && (best === undefined || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  return best?.candidate;
}

function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one.slice(0, 100)].entries()) {
    const next = [i + 1];
    for (const [j, wanted] of [...other].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === wanted ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
