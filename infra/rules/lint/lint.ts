import type { Analysis } from "../check/analyze.ts";
import type { Diagnostic, Severity, Span } from "../diagnostic.ts";
import type { LintCode } from "../diagnostic-code.ts";
import type { Rule } from "../engine/types.ts";
import type { ListSpec } from "../evaluate/lists.ts";
import type { Expression } from "../language/ast.ts";
import type { Phase } from "../schema/phases.ts";
import type { Plan } from "../schema/plans.ts";

/** What is linted: everything the lints can know about; what is absent is not checked. */
export interface LintInput {
  readonly plan: Plan;
  /** In the order in which a request passes them. */
  readonly rulesets: readonly LintInputRuleset[];
  /** By name, without `$`. Absent: any name may exist. */
  readonly lists?: Readonly<Record<string, ListSpec>>;
  /** The host names that the tunnel's ingress serves; `*.` at the front is a wildcard. */
  readonly hostnames?: readonly string[];
  /** Paths that the page calls by fetch or over a socket, where no challenge can be shown. */
  readonly calledPaths?: readonly string[];
}

export interface LintInputRuleset {
  readonly phase: Phase;
  readonly name?: string;
  readonly rules: readonly Rule[];
}

/** A whole policy, prepared: every expression is parsed and checked once. */
export interface PreparedPolicy {
  readonly input: LintInput;
  readonly plan: Plan;
  readonly rulesets: readonly PolicyRuleset[];
  readonly rules: readonly PreparedRule[];
}

export interface PolicyRuleset {
  readonly phase: Phase;
  readonly name: string;
  readonly rules: readonly PreparedRule[];
}

export interface PreparedRule {
  readonly rule: Rule;
  readonly ruleset: PolicyRuleset;
  readonly phase: Phase;
  readonly plan: Plan;
  /** Place in its ruleset, from 0. */
  readonly index: number;
  /** How to name it: its `ref`, or its place. */
  readonly label: string;
  readonly expression: PolicyExpression;
  /** The counting expression, where it has one that is not empty. */
  readonly counting?: PolicyExpression;
}

export interface PolicyExpression {
  readonly text: string;
  /** As far as it could be read. */
  readonly tree: Expression;
  /** What the checker made of it; its `condition` is absent where the expression is wrong. */
  readonly analysis: Analysis;
  /** Diagnostics of the parser and the checker. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * Longer than Cloudflare takes: it has no condition, and the lints, which may take quadratic time, do not look at
   * it.
   */
  readonly isTooLong: boolean;
  readonly part: "expression" | "counting";
  readonly phase: Phase;
  readonly plan: Plan;
}

/** Text to put in place of a span; applied together, from the last to the first. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** What a lint finds in an expression. */
export interface LintProblem {
  readonly span: Span;
  readonly message: string;
  readonly hint?: string;
  /** Edits that certainly do what was meant. */
  readonly fix?: readonly Edit[];
  /** Where it differs from the lint's own. */
  readonly severity?: Severity;
}

/** What a lint finds in a rule beside its expressions. */
export interface RuleProblem {
  /** Path of the property in the rule, e.g. `ratelimit.period`. */
  readonly property: string;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: Severity;
}

/** What a lint finds by looking at several rules; without `rule` it concerns the policy as a whole. */
interface PolicyProblem extends RuleProblem {
  readonly rule?: PreparedRule;
}

interface About {
  /** Kebab-case; the name of its file and the code of its findings. */
  readonly name: LintCode;
  readonly severity: Severity;
  /** One line of documentation. */
  readonly about: string;
}

/** One kind of mistake. */
export type Lint = About &
  (
    | { readonly inExpression: (expression: PolicyExpression) => Iterable<LintProblem> }
    | { readonly inRule: (rule: PreparedRule) => Iterable<RuleProblem> }
    | { readonly inPolicy: (policy: PreparedPolicy) => Iterable<PolicyProblem> }
  );

/** A place in a file, from 1. */
export interface SourcePlace {
  /** From the project's folder. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A problem with its place in the policy. */
export interface Finding extends Diagnostic {
  readonly phase?: Phase;
  /** The rule's `ref`, or its place. */
  readonly rule?: string;
  /** Path of the property that `text` is, e.g. `expression`. */
  readonly property: string;
  /** What the span is a part of: an expression, or a property as JSON. */
  readonly text: string;
  /** Where its author wrote it, where that is known. */
  readonly place?: SourcePlace;
  readonly fix?: readonly Edit[];
  /** The page of the documentation, where Cloudflare would refuse. */
  readonly page?: string;
}
