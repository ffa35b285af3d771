/**
 * Rules that the validator accepted, with their identity. A rule keeps its id across a write if the body has the same
 * `ref` or the same `id`; else it is a new rule
 * (https://developers.cloudflare.com/terraform/troubleshooting/rule-id-changes/).
 */
import { isDeepStrictEqual } from "node:util";
import type { Rule } from "../../../rules/index.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../ids.ts";
import type { StoredRule } from "../state.ts";

/** The rules to store in place of those that were there before. */
export function storedRules(before: readonly StoredRule[], incoming: readonly Rule[], clock: Clock): StoredRule[] {
  const taken = new Set<string>();
  return incoming.map((rule) => {
    const stored = storedRule(before, rule, clock, taken);
    taken.add(stored.id);
    return stored;
  });
}

/** One rule to store; `taken` are ids of rules that other rules of the same body have kept. */
export function storedRule(
  before: readonly StoredRule[],
  rule: Rule,
  clock: Clock,
  taken: ReadonlySet<string> = new Set(),
): StoredRule {
  const same = before.find(
    (old) => !taken.has(old.id) && (rule.ref !== undefined ? old.ref === rule.ref : old.id === rule.id),
  );
  const id = same?.id ?? newId();
  const content = {
    action: rule.action,
    ...(rule.action_parameters ? { action_parameters: rule.action_parameters } : {}),
    ...(rule.description === undefined ? {} : { description: rule.description }),
    enabled: rule.enabled ?? true,
    expression: rule.expression,
    // skip is the only action that logs by default
    ...(rule.action === "skip" ? { logging: rule.logging ?? { enabled: true } } : {}),
    ...(rule.ratelimit ? { ratelimit: { mitigation_timeout: 0, ...rule.ratelimit } } : {}),
    ref: rule.ref ?? same?.ref ?? id,
  };
  const changed = same === undefined || !isDeepStrictEqual(contentOf(same), content);
  return {
    id,
    version: same === undefined ? "1" : changed ? String(Number(same.version) + 1) : same.version,
    last_updated: changed ? clock.timestamp() : same.last_updated,
    ...content,
  };
}

function contentOf({ id: _id, version: _version, last_updated: _updated, ...content }: StoredRule): object {
  return content;
}
