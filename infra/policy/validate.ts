import { type Phase, type Plan, type RulesetDiagnostic, validateRuleset } from "../rules/index.ts";
import { othersRules } from "./adoption.ts";
import { listKinds, type PolicyList } from "./list.ts";
import { apiRuleset, type PhaseRuleset } from "./rule.ts";
import { adoptionOf, type Site } from "./site.ts";

/** Why Cloudflare would refuse a part of the policy, with the phase and the rule's file. */
export interface PolicyDiagnostic extends RulesetDiagnostic {
  readonly phase: Phase;
  /** Absent where the ruleset as a whole is at fault. */
  readonly file?: string;
}

/**
 * Everything for which Cloudflare would refuse the policy, before the API is called: a refused rule in the middle of a
 * run would leave half a policy deployed. `standing` counts rules of others in adopted rulesets: the plan's limits
 * include them.
 */
export function policyDiagnostics(
  { rulesets, lists }: { readonly rulesets: readonly PhaseRuleset[]; readonly lists?: readonly PolicyList[] },
  plan: Plan,
  standing: Readonly<Partial<Record<Phase, number>>> = {},
): readonly PolicyDiagnostic[] {
  return rulesets.flatMap((ruleset) => {
    const { phase, rules } = ruleset;
    const known = lists === undefined ? {} : { lists: listKinds(lists) };
    const context = { level: "zone", plan, rulesElsewhere: standing[phase] ?? 0, ...known } as const;
    return validateRuleset(apiRuleset(ruleset), context).map((diagnostic) => {
      const file = rules[diagnostic.index ?? -1]?.source.file;
      return { ...diagnostic, phase, ...(file !== undefined && { file }) };
    });
  });
}

/** What Cloudflare would refuse today of the rules of others in adopted rulesets. They stay as they are. */
export function othersDiagnostics(
  site: Pick<Site, "adopt">,
  rulesets: readonly PhaseRuleset[],
  plan: Plan,
): readonly PolicyDiagnostic[] {
  return rulesets.flatMap(({ phase, rules }) => {
    const others = othersRules(adoptionOf(site).rulesets[phase]?.rules ?? [], rules);
    return validateRuleset({ phase, rules: others }, { level: "zone", plan })
      .filter(({ index }) => index !== undefined)
      .map((diagnostic) => ({ ...diagnostic, phase }));
  });
}
