/** What the validator refuses, as findings beside those of the lints. */
import { type RulesetDiagnostic, validateRulesets } from "../ruleset/index.ts";
import type { ListKind } from "../schema/lists.ts";
import type { Finding, LintInput, LintInputRuleset } from "./lint.ts";

/** Everything for which Cloudflare would refuse the rulesets: for each, in its order. */
export function refusedBy({ plan, rulesets, lists }: LintInput): readonly (readonly RulesetDiagnostic[])[] {
  const kinds =
    lists && Object.fromEntries(Object.entries(lists).map(([name, { kind }]): [string, ListKind] => [name, kind]));
  return validateRulesets(
    rulesets.map(({ phase, name, rules }) => ({ phase, name, rules })),
    { level: "zone", plan, ...(kinds && { lists: kinds }) },
  );
}

/** Whether a rule has the members that lints read, with their types. */
export function isReadable(diagnostics: readonly RulesetDiagnostic[]): boolean {
  return !diagnostics.some(({ code }) => code === "wrong-type" || code === "missing-key");
}

/** A diagnostic as a finding: `property` is the path in the rule, or in the ruleset where that is at fault. */
export function refusedFinding(
  { index, ref: _ref, pointer, api: _api, ...rest }: RulesetDiagnostic,
  { phase }: LintInputRuleset,
  rule?: string,
): Finding {
  const path = pointer.split("/").slice(index === undefined ? 1 : 3);
  return { ...rest, phase, ...(rule !== undefined && { rule }), property: path.join(".") };
}
