/** Diagnostics of the validator as errors of Cloudflare's API. */
import { type RulesetDiagnostic, type RulesetInput, validateRuleset } from "../../../rules/index.ts";
import { type ApiError, invalid } from "../errors.ts";
import type { RulesetScope } from "./scope.ts";

/** Which of the diagnostics concern a call, and where its body has them. */
export interface WrittenBody {
  /** The ruleset's id; absent where it is new. */
  readonly id?: string;
  /** Place of the rule that is the whole body; absent where the body is the ruleset. */
  readonly rule?: number;
}

/**
 * Refuses a ruleset for the first thing for which Cloudflare would. The other rules of a ruleset in which one rule is
 * written were accepted before.
 *
 * @throws 400
 */
export function assertAccepted(ruleset: RulesetInput, scope: RulesetScope, { id, rule }: WrittenBody = {}): void {
  const others = scope.rulesets
    .filter((other) => other.id !== id)
    .map(({ kind, phase, rules }) => ({ kind, phase, rules: rules.length }));
  const { level, plan, lists } = scope;
  const diagnostics = validateRuleset(ruleset, { level, plan, lists, others });
  const first = diagnostics.find(
    ({ index, code }) => rule === undefined || index === undefined || index === rule || code === "duplicate-ref",
  );
  if (first) throw refusal(first, rule);
}

/** Cloudflare's own code and text; where they are not known, 20000 and a text of ours. */
export function refusal({ pointer, message, api }: RulesetDiagnostic, rule?: number): ApiError {
  const at = rule === undefined ? pointer : pointer.replace(/^\/rules\/\d+/, "");
  return api ? invalid(api.code, api.message, at) : invalid(20000, `invalid ruleset: ${at || "/"} ${message}`, at);
}
