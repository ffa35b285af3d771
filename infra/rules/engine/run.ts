import type { Fields } from "../evaluate/value.ts";
import type { Phase } from "../schema/phases.ts";
import type { Condition } from "./language.ts";
import { refOf } from "./parameters.ts";
import type { Rule, RuleEvent, Ruleset, Skipped, Verdict } from "./types.ts";

/** Counts a request once its answer is known. */
export type Deferred = (answer: Answer) => void;

/** An answer as the counting expressions see it. */
export interface Answer {
  /** The request's fields with the response's added. */
  readonly fields: Fields;
  readonly at: number;
  readonly fromCache: boolean;
  /** First value of a response header, by lower-cased name. */
  header(name: string): string | undefined;
}

/** One request on its way through the phases. */
export interface Run {
  readonly fields: Fields;
  /** Path and query of the request target, as received. */
  readonly uri: string;
  /** Milliseconds since the UNIX epoch. */
  readonly now: number;
  readonly colo: string;
  /** The visitor's address, for messages. */
  readonly ip: string;
  /** The visitor has solved a challenge. */
  readonly clearance: boolean;
  readonly events: RuleEvent[];
  readonly settings: Record<string, unknown>;
  readonly undetermined: Set<string>;
  readonly skipped: { readonly account: Set<Phase>; readonly zone: Set<Phase> };
  readonly deferred: Deferred[];
  decision?: Pick<Verdict, "by" | "response"> & { readonly outcome: "block" | "challenge" | "redirect" };
}

/** Where a request goes after a rule. */
export type Flow = "next" | "leave-ruleset" | "leave-phase" | "stop";

/** A rule, ready to run. */
export type Step = (run: Run) => Flow;

/**
 * Whether the condition holds. Undetermined counts as not, and is noted where the outcome could depend on it: the verdict
 * then says what would happen if the rule did not match.
 */
export function holds(run: Run, condition: Condition, decides: boolean, fields: Fields = run.fields): boolean {
  const answer = condition.holds(fields);
  if (typeof answer === "boolean") return answer;
  if (decides) for (const field of answer) run.undetermined.add(field);
  return false;
}

/** Notes that a rule matched. Why is found out when somebody reads it: that takes longer than the whole evaluation. */
export function note(
  run: Run,
  ruleset: Ruleset,
  rule: Rule,
  why: () => string,
  logged: boolean,
  skips?: Skipped,
): RuleEvent {
  let found: string | undefined;
  const event: RuleEvent = {
    ref: refOf(rule),
    ruleset: ruleset.name,
    phase: ruleset.phase,
    action: rule.action,
    description: rule.description ?? "",
    get why() {
      found ??= why();
      return found;
    },
    logged,
    ...(skips && { skips }),
  };
  run.events.push(event);
  return event;
}
