import type { Rule, Ruleset } from "../../infra/rules/index.ts";

/** The refs of rules that differ between two deployments. */
export interface RuleChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Compares what each rule does. Its id and the versions that Cloudflare counts do not matter. */
export function ruleChanges(before: readonly Ruleset[], after: readonly Ruleset[]): RuleChanges {
  const [old, now] = [rulesOf(before), rulesOf(after)];
  return {
    added: [...now.keys()].filter((key) => !old.has(key)).map(refOf),
    changed: [...now].filter(([key, rule]) => old.has(key) && old.get(key) !== rule).map(([key]) => refOf(key)),
    removed: [...old.keys()].filter((key) => !now.has(key)).map(refOf),
  };
}

/** One line about the changes: which rules are new, changed and removed. */
export function ruleChangesLine({ added, changed, removed }: RuleChanges): string {
  const parts = [
    ["new", added],
    ["changed", changed],
    ["removed", removed],
  ] as const;
  const named = parts.filter(([, refs]) => refs.length > 0).map(([word, refs]) => `${word}: ${refs.join(", ")}`);
  return named.length === 0 ? "no rule changed" : named.join("; ");
}

const refOf = (key: string): string => key.slice(key.indexOf(" ") + 1);

/** What each rule does, as text, by its phase and ref. */
function rulesOf(rulesets: readonly Ruleset[]): ReadonlyMap<string, string> {
  return new Map(
    rulesets.flatMap(({ phase, rules }) =>
      rules.map((rule) => [`${phase} ${rule.ref ?? rule.id ?? ""}`, textOf(rule)] as const),
    ),
  );
}

function textOf(rule: Rule): string {
  const { id: _, version: __, last_updated: ___, ...facts } = rule as Rule & Readonly<Record<string, unknown>>;
  return JSON.stringify(facts);
}
