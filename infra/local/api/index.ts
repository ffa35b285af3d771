/**
 * The REST API of a Cloudflare on localhost: the endpoints of api.cloudflare.com that the program, the provider and the
 * operator's tools use, stateful and on 127.0.0.1 only.
 */
import type { AddressInfo } from "node:net";
import { createClock } from "./clock.ts";
import { createCloud } from "./cloud.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createRouter } from "./http/router.ts";
import { createApiServer } from "./http/server.ts";
import { newId, newTokenValue } from "./ids.ts";
import { type ApiCall, createJournal } from "./journal.ts";
import { createLiveTunnels } from "./live-tunnels.ts";
import { accessAppRoutes } from "./routes/access-apps.ts";
import { accessOrganizationRoutes } from "./routes/access-organization.ts";
import { accessPolicyRoutes } from "./routes/access-policies.ts";
import { accessTokenRoutes } from "./routes/access-tokens.ts";
import { certificateRoutes } from "./routes/certificates.ts";
import { dnsRecordRoutes } from "./routes/dns-records.ts";
import { listRoutes } from "./routes/lists.ts";
import { lookUpRoutes } from "./routes/look-ups.ts";
import { rulesetRoutes } from "./routes/rulesets.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { tunnelRoutes } from "./routes/tunnels.ts";
import { zoneSettingRoutes } from "./routes/zone-settings.ts";
import { zoneRoutes } from "./routes/zones.ts";
import { createRuns, type Runs } from "./runs.ts";
import { type Seed, seedState } from "./seed.ts";
import { type Cloud, type PermissionGroup, type Plan, permissionGroups } from "./state.ts";
import { draftOf, openStore, type StateStore } from "./store.ts";

export type { FaultMatch } from "./faults.ts";
export type { ApiCall } from "./journal.ts";
export type { Seed, SeedZone } from "./seed.ts";
export type {
  PermissionGroup,
  StoredConnection,
  Zone,
} from "./state.ts";
export { permissionGroups } from "./state.ts";

export interface ApiOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Where the state is kept (0600); absent: in memory. */
  readonly file?: string;
  /** Used where there is no state yet. */
  readonly seed?: Seed;
  /** Plan of the first zone from now on; absent: it keeps the one that it has. */
  readonly plan?: Plan;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

export interface LocalApi {
  /** `http://127.0.0.1:PORT/client/v4` */
  readonly url: string;
  /** The seeded account's API token, with every permission; made once and kept in the state. */
  readonly token: string;
  readonly accountId: string;
  /** The first zone of the state. */
  readonly zoneId: string;
  readonly zoneName: string;
  readonly cloud: Cloud;
  /** The calls with a valid token, oldest first; the oldest are forgotten beyond 10,000 calls or 8 MiB. */
  readonly journal: readonly ApiCall[];
  readonly faults: Faults;
  /**
   * Runs a command, such as `up`, as one run: every call meanwhile counts as the command's. One run at a time.
   * @throws RunError where the command deletes an object that it has written itself
   */
  readonly run: Runs["run"];
  /** Makes a token of the account that may do only this. */
  issueToken(permissions: readonly PermissionGroup[]): string;
  /** Makes a token invalid, as when it is revoked in the dashboard. */
  revokeToken(value: string): void;
  /** Ends open connections and frees the port. */
  close(): Promise<void>;
}

/** The seeded token has every permission, also those that an earlier version did not have. */
function grantAllPermissions(store: StateStore): void {
  const has = new Set(store.state.tokens[0]?.permissions);
  if (permissionGroups.every((group) => has.has(group))) return;
  const draft = draftOf(store.state);
  const [token, ...others] = draft.tokens;
  if (token === undefined) return;
  draft.tokens = [{ ...token, permissions: [...permissionGroups] }, ...others];
  store.commit(draft);
}

/** Gives the first zone a plan, as its owner does in the dashboard. */
function setPlan(store: StateStore, plan: Plan): void {
  const draft = draftOf(store.state);
  const [zone, ...others] = draft.zones;
  if (!zone || zone.plan === plan) return;
  draft.zones = [{ ...zone, plan }, ...others];
  store.commit(draft);
}

/** Starts the API. @throws StateError where the state file cannot be used; EADDRINUSE where the port is taken */
export async function startApi(options: ApiOptions = {}): Promise<LocalApi> {
  const clock = createClock(options.clock ?? Date.now);
  const store = openStore(options.file, () => seedState(options.seed ?? {}, clock));
  grantAllPermissions(store);
  if (options.plan) setPlan(store, options.plan);
  const live = createLiveTunnels(clock);
  const cloud = createCloud(() => store.state, live);
  const journal = createJournal();
  const faults = createFaults();
  const runs = createRuns();
  const route = createRouter([
    ...tokenRoutes,
    ...lookUpRoutes,
    ...zoneRoutes,
    ...certificateRoutes,
    ...zoneSettingRoutes,
    ...dnsRecordRoutes,
    ...rulesetRoutes,
    ...listRoutes,
    ...tunnelRoutes,
    ...accessAppRoutes,
    ...accessPolicyRoutes,
    ...accessTokenRoutes,
    ...accessOrganizationRoutes,
  ]);
  const server = createApiServer({ store, cloud, clock, live, journal, faults, runs, route });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const { accounts, zones, tokens } = store.state;
  const [account, zone, token] = [accounts[0], zones[0], tokens[0]];
  if (!account || !zone || !token) throw new Error("invariant: a state has an account, a zone and a token");
  return {
    url: `http://127.0.0.1:${port}/client/v4`,
    token: token.value,
    accountId: account.id,
    zoneId: zone.id,
    zoneName: zone.name,
    cloud,
    journal: journal.calls,
    faults: { next: faults.next, clear: faults.clear },
    run: runs.run,
    issueToken(permissions) {
      const value = newTokenValue();
      const draft = draftOf(store.state);
      draft.tokens.push({ id: newId(), value, account_id: account.id, permissions: [...permissions] });
      store.commit(draft);
      return value;
    },
    revokeToken(value) {
      const draft = draftOf(store.state);
      draft.tokens = draft.tokens.filter((issued) => issued.value !== value);
      store.commit(draft);
    },
    close() {
      return new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
    },
  };
}
