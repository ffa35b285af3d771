/**
 * Runs the validator on what is deployed. Rules that it refuses are loaded all the same: a rule may be older than a
 * limit, adopted or imported, and one such rule must not keep the others from being evaluated.
 */

import { MAX_RULESET_DIAGNOSTICS, type RulesetDiagnostic, validateRulesets } from "../ruleset/index.ts";
import type { ListKind } from "../schema/lists.ts";
import { type Level, membersOf } from "./parameters.ts";
import type { Deployment, LoadDiagnostic, LoadProblem, Rule, Ruleset } from "./types.ts";

/** A ruleset with the validator's diagnostics. */
export interface LoadedRuleset {
  readonly ruleset: Ruleset;
  /** The rules that are on: Cloudflare does not evaluate the others. */
  readonly rules: readonly LoadedRule[];
  /** What is wrong with the ruleset as a whole, and keeps no rule from being evaluated. */
  readonly problems: readonly LoadProblem[];
}

export interface LoadedRule {
  readonly rule: Rule;
  /** Its `ref`, else its id, else its place. */
  readonly name: string;
  /** Place in the ruleset, from 0. */
  readonly index: number;
  /** Why Cloudflare refuses it; empty where it does not. */
  readonly refusals: readonly LoadDiagnostic[];
  /** What Cloudflare refuses about it without a meaning for requests. */
  readonly formalities: readonly LoadDiagnostic[];
}

/** What a ruleset cannot have at all: none of its rules has a meaning that is known. */
const NO_SUCH_RULESET: ReadonlySet<string> = new Set([
  "ruleset-kind",
  "entry-point-taken",
  "phase-level",
  "phase-plan",
]);
/** What does not change what a rule does to a request. */
const FORMALITY = /^\/rules\/[0-9]+\/(ref|description)$/;

/** The rulesets of a level, managed ones left out, which no entry point of this engine executes. */
export function loadRulesets({ plan, zone, account = [], lists }: Deployment, level: Level): readonly LoadedRuleset[] {
  const rulesets = (level === "zone" ? zone : account).filter(({ kind }) => kind !== "managed");
  const kinds =
    lists && Object.fromEntries(Object.entries(lists).map(([name, { kind }]): [string, ListKind] => [name, kind]));
  const inputs = rulesets.map(({ kind, phase, rules }) => ({
    kind,
    phase,
    rules: Array.isArray(rules) ? rules.map(apiMembers) : rules,
  }));
  const found = validateRulesets(inputs, { level, plan, ...(kinds && { lists: kinds }) });
  return rulesets.map((ruleset, at) => loadRuleset(ruleset, found[at] ?? []));
}

/** The members of a rule that the API takes; a policy's rule may have others. */
function apiMembers(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { ref, description, expression, action, action_parameters, enabled, logging, ratelimit } = value as Rule;
  return { ref, description, expression, action, action_parameters, enabled, logging, ratelimit };
}

function loadRuleset(ruleset: Ruleset, found: readonly RulesetDiagnostic[]): LoadedRuleset {
  const ofRuleset = found.filter(({ index }) => index === undefined);
  const whole = ofRuleset.filter(({ code }) => NO_SUCH_RULESET.has(code));
  const others = ofRuleset.filter(({ code }) => !NO_SUCH_RULESET.has(code));
  // what comes after the last diagnostic that is reported was not checked
  const unseen = found.length >= MAX_RULESET_DIAGNOSTICS ? (found.at(-1)?.index ?? 0) : Number.POSITIVE_INFINITY;
  const values: readonly unknown[] = Array.isArray(ruleset.rules) ? ruleset.rules : [];
  const rules = values.map((value, index): LoadedRule => {
    const rule = membersOf(value) as Partial<Rule> as Rule;
    const own = found.filter((one) => one.index === index);
    return {
      rule,
      index,
      name: rule.ref || rule.id || `rule ${index + 1}`,
      refusals: [
        ...whole,
        ...own.filter(({ pointer }) => !FORMALITY.test(pointer)),
        ...(index > unseen
          ? [unsupportedDiagnostic(`/rules/${index}`, "the ruleset has too many problems to look at this rule")]
          : []),
      ],
      formalities: own.filter(({ pointer }) => FORMALITY.test(pointer)),
    };
  });
  const { name, phase } = ruleset;
  return {
    ruleset,
    rules: rules.filter(({ rule }) => rule.enabled !== false),
    problems: others.length > 0 ? [{ ruleset: name, phase, effect: "evaluated", diagnostics: others }] : [],
  };
}

/** The diagnostic for something that Cloudflare accepts and this engine does not run. */
export function unsupportedDiagnostic(pointer: string, message: string): LoadDiagnostic {
  return { code: "not-imitated", severity: "warning", message, pointer, text: "", span: { start: 0, end: 0 } };
}

/** A problem in one line: the rule, what is wrong and where. */
export function loadProblemLine({ ruleset, phase, rule, diagnostics: [first, ...more] }: LoadProblem): string {
  const what = rule === undefined ? `ruleset "${ruleset}"` : `rule "${rule}" of ruleset "${ruleset}"`;
  const others = more.length > 0 ? `, and ${more.length} more` : "";
  return `${what} (${phase}): ${first?.message} [${first?.code} at ${first?.pointer}]${others}`;
}
