import type { Action } from "../../schema/phases.ts";
import { implies } from "../implies.ts";
import type { Lint, PreparedRule } from "../lint.ts";

/** What an action does with every request that it matches, and none goes on. */
const VERBS: Readonly<Partial<Record<Action, string>>> = { block: "blocks", redirect: "redirects" };

export const ruleShadowed: Lint = {
  name: "rule-shadowed",
  severity: "warning",
  about:
    "An earlier rule blocks, redirects or skips every request that this rule is for, so that it never acts or " +
    "counts. A rate limit does not: it acts above its limit only.",
  *inPolicy({ rules }) {
    const active = rules.filter(({ rule }) => rule.enabled !== false);
    for (const [i, later] of active.entries()) {
      const { condition } = later.expression.analysis;
      if (!condition) continue;
      const earlier = active.slice(0, i).find((one) => {
        const before = one.expression.analysis.condition;
        if (!before || !keepsFrom(one, later)) return false;
        return implies({ condition, text: later.expression.text }, { condition: before, text: one.expression.text });
      });
      if (!earlier) continue;
      const verb = VERBS[earlier.rule.action] ?? "skips";
      yield {
        rule: later,
        property: "expression",
        message: `never reached: ${earlier.label} ${verb} every request that this matches`,
        hint: "put the narrower rule first, or remove it",
      };
    }
  },
};

/**
 * Whether what one rule matches never reaches the other. A visitor with a clearance passes a challenge, and what is
 * below a rate limit passes that.
 */
function keepsFrom(earlier: PreparedRule, later: PreparedRule): boolean {
  const { action, action_parameters: parameters, ratelimit } = earlier.rule;
  if (ratelimit) return false;
  if (VERBS[action] !== undefined) return true;
  if (action !== "skip") return false;
  const phases = parameters?.phases;
  if (Array.isArray(phases) && phases.includes(later.phase)) return true;
  const sameRuleset = earlier.ruleset === later.ruleset;
  return (
    (parameters?.ruleset === "current" && sameRuleset) ||
    (parameters?.phase === "current" && earlier.phase === later.phase)
  );
}
