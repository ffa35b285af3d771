/** Whose rulesets a call is about: a zone's or an account's. */
import { type ListKind, PLANS, type Plan } from "../../../rules/index.ts";
import { accountOf, zoneOf } from "../http/handler-call.ts";
import type { HandlerCall } from "../http/router.ts";
import { listKinds } from "../lists/spec.ts";
import type { StoredRuleset } from "../state.ts";

export interface RulesetScope {
  /** The kind of the one ruleset that a phase starts with here. */
  readonly kind: "zone" | "root";
  readonly level: "zone" | "account";
  readonly plan: Plan;
  readonly rulesets: readonly StoredRuleset[];
  /** The lists that rules may name. */
  readonly lists: Readonly<Record<string, ListKind>>;
  /** Replaces the whole list, and reports the change. */
  replace(rulesets: StoredRuleset[]): void;
}

/**
 * By the path's `:zone` or `:account`. An account has the rights of the best plan among its zones. @throws 404 code
 * 7003
 */
export function scopeOf(call: HandlerCall): RulesetScope {
  if (call.params.zone !== undefined) {
    const zone = zoneOf(call);
    return {
      kind: "zone",
      level: "zone",
      plan: zone.plan,
      rulesets: zone.rulesets,
      lists: listKinds(call.state.accounts.find(({ id }) => id === zone.account_id) ?? {}),
      replace(rulesets) {
        zone.rulesets = rulesets;
        call.reportChange({ kind: "zone", id: zone.id });
      },
    };
  }
  const account = accountOf(call);
  const zones = call.state.zones.filter((zone) => zone.account_id === account.id);
  return {
    kind: "root",
    level: "account",
    plan: PLANS.findLast((plan) => zones.some((zone) => zone.plan === plan)) ?? "free",
    rulesets: account.rulesets,
    lists: listKinds(account),
    replace(rulesets) {
      account.rulesets = rulesets;
      for (const zone of zones) call.reportChange({ kind: "zone", id: zone.id });
    },
  };
}
