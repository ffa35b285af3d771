import type { Rule } from "../engine/types.ts";
import type { ListSpec } from "../evaluate/lists.ts";
import type { Phase } from "../schema/phases.ts";
import type { Plan } from "../schema/plans.ts";
import type { Example, RequestSetting } from "./request.ts";

/** Requests that the rule must match, and requests that it must not match. */
export interface Examples {
  readonly match: readonly [Example, ...Example[]];
  readonly pass: readonly [Example, ...Example[]];
}

/** A file with a story, as it was read. */
export interface StoryFile {
  /** From the project's folder. */
  readonly file: string;
  /** JSON of a `Story`; what is in it is checked. */
  readonly json: string;
  /** Why it could not be read, as a sentence without full stop; then nothing of it is run, and that is an error. */
  readonly problem?: string;
}

/** A rule together with the examples that it is proved by. */
export type RuleToProve = Rule & {
  readonly ref: string;
  readonly source: {
    readonly file: string;
    /** The condition as its author wrote it, a part of the expression. */
    readonly when: string;
    /** Checked before it is used: a cast may hide that it has another shape. */
    readonly examples: Examples;
  };
};

/** All that a proof needs: a policy with its examples and stories, and the visitors that send the requests. */
export interface ProofInput extends RequestSetting {
  readonly plan: Plan;
  readonly rulesets: readonly {
    readonly phase: Phase;
    readonly name: string;
    readonly rules: readonly RuleToProve[];
  }[];
  readonly stories: readonly StoryFile[];
  /**
   * Rules of an adopted ruleset, which others wrote and which run before the stack's own of that phase. A story that
   * fails only because of them is a warning.
   */
  readonly adoptedRules?: Readonly<Partial<Record<Phase, readonly Rule[]>>>;
  /** By name without `$`. */
  readonly lists?: Readonly<Record<string, ListSpec>>;
}
