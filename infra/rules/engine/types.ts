/**
 * Rulesets as the Rulesets API stores them (https://developers.cloudflare.com/ruleset-engine/rulesets-api/), and what
 * running a request through them yields. Names are the API's own.
 */

import type { Diagnostic } from "../diagnostic.ts";
import type { ListSpec } from "../evaluate/lists.ts";
import type { RequestFacts, ResponseFacts } from "../evaluate/request.ts";
import type { Action, Phase } from "../schema/phases.ts";
import type { Plan } from "../schema/plans.ts";

export interface RateLimit {
  readonly characteristics: readonly string[];
  /** Seconds. */
  readonly period: number;
  readonly requests_per_period?: number;
  /** Seconds; 0 throttles instead of mitigating. */
  readonly mitigation_timeout?: number;
  readonly counting_expression?: string;
  /** True: cached responses do not count. */
  readonly requests_to_origin?: boolean;
  readonly score_per_period?: number;
  readonly score_response_header_name?: string;
}

export interface Rule {
  readonly id?: string;
  readonly ref?: string;
  readonly description?: string;
  readonly expression: string;
  readonly action: Action;
  readonly action_parameters?: Readonly<Record<string, unknown>>;
  /** Absent means true. */
  readonly enabled?: boolean;
  readonly logging?: { readonly enabled: boolean };
  readonly ratelimit?: RateLimit;
}

export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly kind: "root" | "zone" | "custom" | "managed";
  readonly phase: Phase;
  readonly rules: readonly Rule[];
}

/** One rule that matched a request. */
export interface RuleEvent {
  /** The rule's `ref`, or its id where it has none. */
  readonly ref: string;
  readonly ruleset: string;
  readonly phase: Phase;
  readonly action: Action;
  readonly description: string;
  /** Which part of the expression decided, or how the limit was exceeded, in a sentence. */
  readonly why: string;
  /**
   * Whether Cloudflare would write a security event: not for settings, executed rulesets and skips with logging off.
   */
  readonly logged: boolean;
  /** What a skip left out. */
  readonly skips?: Skipped | undefined;
}

/** What a `skip` rule leaves out: https://developers.cloudflare.com/waf/custom-rules/skip/options/ */
export interface Skipped {
  /** The remaining rules of its own ruleset, or of its whole phase; absent where those still run. */
  readonly rest?: "ruleset" | "phase";
  /** Later phases. */
  readonly phases: readonly Phase[];
}

/** What the edge does with a request. */
export interface Verdict {
  readonly outcome: "pass" | "block" | "challenge" | "redirect" | "undetermined";
  /** The rule that decided; absent on a plain pass. */
  readonly by?: RuleEvent;
  /** The response, where the edge responds by itself. */
  readonly response?: {
    /**
     * 403 (429 in the rate limiting phase) unless the rule gives another, 400-499; of a redirect 301, 302, 303, 307
     * or 308.
     */
    readonly status: number;
    /** Where a redirect leads: visible ASCII, fit for the header `Location`. */
    readonly location?: string;
    /** The rule's custom response, as text; absent: the edge's own page. */
    readonly content?: { readonly type: string; readonly body: string };
    /** Whole seconds until the limit lets the visitor pass again. */
    readonly retryAfter?: number;
  };
  /** Every rule that matched, in order, the deciding one included. */
  readonly events: readonly RuleEvent[];
  /** Settings that non-terminating phases made for this request, e.g. `{ cache: false }`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Fields that were not given and that the outcome depends on. */
  readonly undetermined: readonly string[];
  /**
   * Which rules need what is undetermined, in the order of evaluation; absent where nothing is. Of one rule and one
   * deployment, `rule` is always the same object.
   */
  readonly askedBy?: readonly UndeterminedRule[];
  /** Rules that could apply to this request and that Cloudflare refuses or this engine does not imitate. */
  readonly rulesInDoubt: readonly LoadProblem[];
  /**
   * The counters of this request, in the order of evaluation; absent where no rate limiting rule read one. Those that
   * count responses are added by `Engine.respond`.
   */
  readonly counts?: readonly RateCount[];
}

/** What a request did to one counter of a rate limiting rule. */
export interface RateCount {
  /** The rule's `ref`, or its id where it has none. */
  readonly ref: string;
  /** The rate before and after this request, in requests, or in points where the rule counts a score. */
  readonly before: number;
  readonly after: number;
  /** The rate that is allowed. */
  readonly threshold: number;
  /** Milliseconds in which it is counted. */
  readonly period: number;
}

/** A rule whose condition depends on what was not given. */
export interface UndeterminedRule {
  readonly rule: { readonly ref: string; readonly phase: Phase };
  readonly undetermined: readonly string[];
}

/** Why a rule cannot be evaluated: what the validator objects to, or that this engine does not imitate it. */
export interface LoadDiagnostic extends Diagnostic {
  /** JSON pointer (RFC 6901) from the ruleset. */
  readonly pointer: string;
  /** What `span` is a part of: an expression, or a value as JSON. */
  readonly text: string;
}

/** A rule, or a whole ruleset, that is deployed and that the engine does not run as Cloudflare would. */
export interface LoadProblem {
  readonly ruleset: string;
  readonly phase: Phase;
  /** `ref` of the rule, or its id, or its place; absent where the ruleset as a whole is meant. */
  readonly rule?: string | undefined;
  /**
   * `undetermined`: where the rule could apply, the verdict is undetermined, and evaluation goes on as if it did not
   * match. `ignored`: nothing of the phase is evaluated. `evaluated`: it runs, though Cloudflare would refuse it
   * today.
   */
  readonly effect: "undetermined" | "ignored" | "evaluated";
  /** At least one. */
  readonly diagnostics: readonly LoadDiagnostic[];
}

/** What is deployed for one zone: entry point rulesets and the custom rulesets that they execute, of both levels. */
export interface Deployment {
  readonly plan: Plan;
  readonly zone: readonly Ruleset[];
  readonly account?: readonly Ruleset[];
  /**
   * The account's lists by name without `$`; absent: any may exist. A rule that uses another one leaves the outcome
   * undetermined.
   */
  readonly lists?: Readonly<Record<string, ListSpec>>;
}

/**
 * Takes requests through the deployed rulesets. Time is `RequestFacts.at`, so that a virtual clock is just other
 * facts.
 */
export interface Engine {
  /** What is deployed and not run as Cloudflare would run it, in the order of evaluation. */
  readonly problems: readonly LoadProblem[];
  /**
   * Runs the request phases; counts the request where a rate limiting rule counts at request time.
   * @throws FieldValueError where a given value does not have its field's type
   */
  handle(request: RequestFacts): Verdict;
  /**
   * Lets rate limiting rules count that count responses. To be called once for each verdict that passed, with the
   * response that the visitor got; other verdicts count nothing here.
   */
  respond(request: RequestFacts, verdict: Verdict, response: ResponseFacts): void;
}
