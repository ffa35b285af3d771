/** Whose rulesets a call is about: a zone's or an account's. */
import type { Call } from "../http/router.ts";
import { accountOf, zoneOf } from "../routes/scope.ts";
import type { Plan, StoredRuleset } from "../state.ts";

export interface RulesetScope {
  /** The kind of the one ruleset that a phase starts with here. */
  readonly kind: "zone" | "root";
  readonly plan: Plan;
  readonly rulesets: readonly StoredRuleset[];
  /** Replaces the whole list, and says that it changed. */
  replace(rulesets: StoredRuleset[]): void;
}

const rank: readonly Plan[] = ["free", "pro", "business", "enterprise"];

/** By the path's `:zone` or `:account`. An account has the rights of the best plan among its zones. @throws 404 code 7003 */
export function scopeOf(call: Call): RulesetScope {
  if (call.params.zone !== undefined) {
    const zone = zoneOf(call);
    return {
      kind: "zone",
      plan: zone.plan,
      rulesets: zone.rulesets,
      replace(rulesets) {
        zone.rulesets = rulesets;
        call.changed({ kind: "zone", id: zone.id });
      },
    };
  }
  const account = accountOf(call);
  const zones = call.state.zones.filter((zone) => zone.account_id === account.id);
  const best = Math.max(0, ...zones.map((zone) => rank.indexOf(zone.plan)));
  return {
    kind: "root",
    plan: rank[best] ?? "free",
    rulesets: account.rulesets,
    replace(rulesets) {
      account.rulesets = rulesets;
      for (const zone of zones) call.changed({ kind: "zone", id: zone.id });
    },
  };
}
