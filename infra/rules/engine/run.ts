import type { RequestFacts } from "../evaluate/request.ts";
import { requestFields } from "../evaluate/request-fields.ts";
import type { Fields } from "../evaluate/value.ts";
import type { Phase } from "../schema/phases.ts";
import type { CompiledCondition, Undetermined } from "./language.ts";
import type { PlacedRule } from "./parameters.ts";
import type { LoadProblem, RateCount, RuleEvent, Skipped, UndeterminedRule, Verdict } from "./types.ts";

/** Counts a request once its response is known. */
export type Deferred = (response: CountedResponse) => void;

/** A response as the counting expressions see it. */
export interface CountedResponse {
  /** The request's fields with the response's added. */
  readonly fields: Fields;
  readonly at: number;
  readonly fromCache: boolean;
  /** First value of a response header, by lower-cased name. */
  header(name: string): string | undefined;
}

/** One request on its way through the phases. What it collects is made when there is something to collect. */
export class Run {
  readonly request: RequestFacts;
  /** Valid until the engine takes the next request: nothing that outlives this one may keep them. */
  readonly fields: Fields;
  events: RuleEvent[] | undefined;
  settings: Readonly<Record<string, unknown>> | undefined;
  /** Each once. */
  undetermined: string[] | undefined;
  /** The same by the rule that needs it. */
  askedBy: UndeterminedRule[] | undefined;
  /** Each once. */
  inDoubt: LoadProblem[] | undefined;
  /** Bits of the phases that are left out; see `phaseBit`. */
  skippedOfZone = 0;
  skippedOfAccount = 0;
  deferred: Deferred[] | undefined;
  counts: RateCount[] | undefined;
  decision: Decision | undefined;

  constructor(request: RequestFacts, fields: Fields) {
    this.request = request;
    this.fields = fields;
  }

  /** Notes values that were not given and that the outcome depends on. */
  dependsOn(names: Undetermined, rule?: UndeterminedRule["rule"]): void {
    this.undetermined ??= [];
    if (rule) {
      this.askedBy ??= [];
      this.askedBy.push({ rule, undetermined: names });
    }
    for (const name of names) if (!this.undetermined.includes(name)) this.undetermined.push(name);
  }

  /** Notes that a rule which cannot be evaluated could apply. */
  doubts(rule: LoadProblem): void {
    this.inDoubt ??= [];
    if (!this.inDoubt.includes(rule)) this.inDoubt.push(rule);
  }
}

/** The outcome of a rule that ends the evaluation. */
export interface Decision {
  readonly outcome: "block" | "challenge" | "redirect";
  readonly by: RuleEvent;
  readonly response: NonNullable<Verdict["response"]>;
}

/** Where a request goes after a rule. */
export type Flow = "next" | "leave-ruleset" | "leave-phase" | "stop";

/** A rule, ready to run. */
export type RuleStep = (run: Run) => Flow;

/**
 * Whether the condition holds. Undetermined counts as false, and is noted where the outcome could depend on it: the
 * verdict is then what would happen if the rule did not match.
 */
export function holds(run: Run, condition: CompiledCondition, decides: boolean, fields: Fields = run.fields): boolean {
  const result = condition.holds(fields);
  if (typeof result === "boolean") return result;
  if (decides) run.dependsOn(result, condition.rule);
  return false;
}

/** The members of every event of a rule. */
export interface Noted extends Omit<RuleEvent, "why"> {}

/** What `note` needs of a rule, read once. */
export function noted({ ruleset, rule, name }: PlacedRule, logged: boolean, skips?: Skipped): Noted {
  const { action, description = "" } = rule;
  return { ref: name, ruleset: ruleset.name, phase: ruleset.phase, action, description, logged, skips };
}

/** Notes that a rule matched; `why` is the reason, or the condition that gives it when it is read. */
export function note(run: Run, rule: Noted, why: string | CompiledCondition): RuleEvent {
  const event = new MatchedRule(rule, why, run.request);
  run.events ??= [];
  run.events.push(event);
  return event;
}

/** Finds out why when that is read: it takes longer than the whole evaluation. */
class MatchedRule implements RuleEvent {
  readonly ref: string;
  readonly ruleset: string;
  readonly phase: Phase;
  readonly action: RuleEvent["action"];
  readonly description: string;
  readonly logged: boolean;
  readonly skips: Skipped | undefined;
  #why: string | CompiledCondition;
  readonly #request: RequestFacts;

  constructor(rule: Noted, why: string | CompiledCondition, request: RequestFacts) {
    this.ref = rule.ref;
    this.ruleset = rule.ruleset;
    this.phase = rule.phase;
    this.action = rule.action;
    this.description = rule.description;
    this.logged = rule.logged;
    this.skips = rule.skips;
    this.#why = why;
    this.#request = request;
  }

  get why(): string {
    if (typeof this.#why !== "string") this.#why = this.#why.why(requestFields(this.#request));
    return this.#why;
  }

  /** For JSON.stringify, which does not see `why`. */
  toJSON(): RuleEvent {
    return { ...this, why: this.why };
  }
}
