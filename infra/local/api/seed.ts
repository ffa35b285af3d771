/** What is there before anyone asked for anything: an account, its zones and one token that may do everything. */
import type { Clock } from "./clock.ts";
import { newId, newTokenValue } from "./ids.ts";
import { type Plan, permissionGroups, type State } from "./state.ts";

/** Everything has a default: one account, one zone `causeway.localhost` on the Free plan. */
export interface Seed {
  readonly account?: { readonly id?: string; readonly name?: string };
  readonly zones?: readonly { readonly id?: string; readonly name: string; readonly plan?: Plan }[];
}

/** The zone of `npm start`: browsers and curl resolve names under localhost to the loopback by themselves (RFC 6761). */
const DEFAULT_ZONE = "causeway.localhost";

export function seedState(seed: Seed, clock: Clock): State {
  const now = clock.timestamp();
  const accountId = seed.account?.id ?? newId();
  const zones = seed.zones ?? [{ name: DEFAULT_ZONE }];
  return {
    format: "causeway-cloud",
    version: 1,
    accounts: [{ id: accountId, name: seed.account?.name ?? "causeway", created_on: now, rulesets: [] }],
    zones: zones.map((zone) => ({
      id: zone.id ?? newId(),
      name: zone.name.toLowerCase(),
      account_id: accountId,
      plan: zone.plan ?? "free",
      created_on: now,
      modified_on: now,
      settings: {},
      records: [],
      rulesets: [],
    })),
    tunnels: [],
    tokens: [{ id: newId(), value: newTokenValue(), account_id: accountId, permissions: [...permissionGroups] }],
  };
}
