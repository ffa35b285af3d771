import type { Diagnostic } from "../diagnostic.ts";

/** What Cloudflare's API responds, where it is known: its numeric code and its text. */
export interface ApiRefusal {
  readonly code: number;
  readonly message: string;
}

/** Why Cloudflare refuses a part of a ruleset. */
export interface RulesetDiagnostic extends Diagnostic {
  readonly severity: "error";
  /** Place of the rule in the ruleset, from 0; absent where the ruleset itself is at fault. */
  readonly index?: number;
  /** The rule's `ref`, where it has one. */
  readonly ref?: string;
  /** JSON pointer (RFC 6901) from the ruleset, such as `/rules/0/ratelimit/period`. */
  readonly pointer: string;
  /** What `span` is a part of: an expression, or a value as JSON. */
  readonly text: string;
  readonly hint: string;
  /** The page of the documentation. */
  readonly page: string;
  readonly api?: ApiRefusal;
}

/** A value of a ruleset and where it is. */
export interface RulesetValue {
  readonly pointer: string;
  readonly value: unknown;
}

/** What is wrong with it. */
export type RulesetProblem = Pick<RulesetDiagnostic, "code" | "message"> &
  Partial<Pick<RulesetDiagnostic, "hint" | "span" | "page" | "api">>;

/** Reports a problem of the value at a place. */
export type Tell = (place: RulesetValue, problem: RulesetProblem) => void;

/** How the API refuses what the plan does not have. */
export const notEntitled = (what: string): ApiRefusal => ({ code: 50002, message: `not entitled to use ${what}` });

/** Most diagnostics that are returned for one ruleset. */
export const MAX_RULESET_DIAGNOSTICS = 1000;

/** Bytes and depth of a value that is shown as JSON; of what is larger the kind is named. */
const SHOWN = { characters: 4096, depth: 20 };

/** A value as text: a string as it is, something else as JSON, nothing where it is missing. */
export function shown(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  return isSmall(value, SHOWN.depth) ? JSON.stringify(value).slice(0, SHOWN.characters) : kindOf(value);
}

/** What a value is, with its article. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A key or value in a message: at most 100 characters. */
export function short(value: unknown): string {
  const text = typeof value === "string" ? value : shown(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** A pointer to a member of what another points at. */
export function below(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Whether a value is JSON that is nested so little, and has so few members, that all of it may be shown. */
function isSmall(value: unknown, depth: number): boolean {
  if (["function", "symbol", "bigint"].includes(typeof value)) return false;
  if (typeof value !== "object" || value === null) return true;
  const members: readonly unknown[] = Object.values(value);
  return depth > 0 && members.length <= 1000 && members.every((member) => isSmall(member, depth - 1));
}
