/** The first state: an account, its zones and one token that may do everything. */
import type { Clock } from "./clock.ts";
import { newId, newTokenValue } from "./ids.ts";
import { type CertificatePack, type Plan, permissionGroups, type State, type ZoneStatus } from "./state.ts";

/** Everything has a default: one account, one zone `causeway.localhost` on the Free plan. */
export interface Seed {
  readonly account?: { readonly id?: string; readonly name?: string };
  readonly zones?: readonly SeedZone[];
}

export interface SeedZone {
  readonly id?: string;
  readonly name: string;
  readonly plan?: Plan;
  /** Active by default. */
  readonly status?: ZoneStatus;
  readonly paused?: boolean;
  /** Beside the universal certificate, which every zone has. */
  readonly certificates?: readonly Omit<CertificatePack, "id">[];
  readonly totalTls?: boolean;
}

/**
 * The zone of `npm start`: browsers and curl resolve names under localhost to the loopback by themselves (RFC 6761).
 */
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
      ...(zone.status && { status: zone.status }),
      ...(zone.paused && { paused: true }),
      ...(zone.certificates && { certificates: zone.certificates.map((pack) => ({ id: newId(), ...pack })) }),
      ...(zone.totalTls && { total_tls: true }),
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
