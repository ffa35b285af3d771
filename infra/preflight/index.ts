/** Reads the account before anything is registered, and reports every obstacle at once. Reads only. */
import type Cloudflare from "cloudflare";
import {
  adoptionOf,
  othersRules,
  type Policy,
  policyDiagnostics,
  policyFor,
  type Site,
  zoneSettingProblem,
} from "../policy/index.ts";
import { type Account, type AccountFound, readAccount, tokenObstacle } from "./account.ts";
import { findCertificates } from "./certificates.ts";
import { findEntryPoint } from "./entry-points.ts";
import { type Obstacle, PreflightError } from "./obstacle.ts";
import type { Finding, KnownIds, Search } from "./place.ts";
import { findRecord } from "./records.ts";
import { findTunnel } from "./tunnel.ts";

export type { Account } from "./account.ts";
export { AS_FOUND, type AsFound, parseAsFound } from "./as-found.ts";
export { permissionOfPhase } from "./entry-points.ts";
export { findLeftBehind, type LeftBehind } from "./left-behind.ts";
export { type Obstacle, PreflightError } from "./obstacle.ts";
export { openApi } from "./open-api.ts";
export { type KnownIds, knownIdsOf } from "./place.ts";
export { printable } from "./printable.ts";

/** What a run may go on with. */
export interface Cleared {
  readonly account: Account;
  readonly policy: Policy;
  /**
   * Import ids of what exists and is to be taken into the state, by the name of the resource in the program. Nothing
   * of it is in the state.
   */
  readonly imports: Readonly<Record<string, string>>;
  /** Tags of the stack's records as they are, by hostname: they stay. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  /** What the operator should hear of although it stops nothing. */
  readonly warnings: readonly string[];
  /** How what the configuration adopts was found, by the name of the stash that keeps it. */
  readonly asFound: Readonly<Record<string, string>>;
}

/**
 * Finds the site's zone and plan, builds the policy for it and looks for everything that would stop the run halfway: a
 * token that is not accepted, a plan without room, places at Cloudflare that others have. `known` has the ids in the
 * stack's state: what it names is the stack's own, whatever it looks like, and is never imported nor offered for
 * adoption. What it does not name is the stack's own by its mark, or else by adoption. Throws `PreflightError`. What a
 * token may write cannot be read: a missing right shows at the first write.
 */
export async function preflight(api: Cloudflare, site: Site, known: KnownIds): Promise<Cleared> {
  const { account, warnings } = await findAccount(api, site);
  const policy = policyFor(site, account.plan);
  const search: Search = { api, site, account, known };
  const [certified, placed] = await Promise.all([
    findCertificates(search),
    Promise.all([
      ...policy.rulesets.map((ruleset) => findEntryPoint(search, ruleset)),
      ...site.hostnames.map((hostname) => findRecord(search, hostname)),
    ]),
  ]);
  const tunnel = await findTunnel(
    search,
    placed.flatMap(({ tunnels = [] }) => tunnels),
  );
  const findings: readonly Finding[] = [...placed, tunnel];
  const obstacles: Obstacle[] = [
    ...policyObstacles(site, account, policy),
    ...findings.flatMap((finding) => finding.obstacles),
    ...certified.obstacles,
  ];
  if (obstacles.length > 0) throw new PreflightError(obstacles, site.adopt);
  return {
    account,
    policy,
    imports: Object.assign({}, ...findings.map(({ imports }) => imports)),
    tags: Object.assign({}, ...findings.map(({ tags }) => tags)),
    warnings: [...warnings, ...certified.warnings],
    asFound: Object.assign({}, ...findings.map(({ asFound }) => asFound)),
  };
}

/**
 * The part of preflight for a run that creates nothing, `refresh` and `destroy`: whether the token is accepted, and
 * where the zone is. What others have at Cloudflare does not stop such a run. Throws `PreflightError`.
 */
export async function preflightToken(api: Cloudflare, site: Site): Promise<Cleared> {
  const { account } = await findAccount(api, site);
  return { account, policy: policyFor(site, account.plan), imports: {}, tags: {}, warnings: [], asFound: {} };
}

async function findAccount(api: Cloudflare, site: Site): Promise<AccountFound> {
  const [token, found] = await Promise.all([tokenObstacle(api, site), readAccount(api, site)]);
  if (token !== undefined) throw new PreflightError([token]);
  if ("obstacle" in found) throw new PreflightError([found.obstacle]);
  return found.value;
}

function policyObstacles(site: Site, { plan }: Account, policy: Policy): readonly Obstacle[] {
  const room = policyDiagnostics(policy, plan, adoptedRules(site, policy)).map(
    ({ code, phase, index, ref, pointer, message, hint, file }) => ({
      code: `policy.${code}`,
      found: `${index === undefined ? phase : `rule ${ref ?? index + 1} of ${phase}${inRule(pointer)}`}: ${message}`,
      fix: `In ${file ?? "infra/policy"}: ${hint}.`,
    }),
  );
  const settings = policy.zoneSettings.flatMap((setting) => {
    const expected = zoneSettingProblem(setting, plan);
    if (expected === undefined) return [];
    const found = `the setting ${setting.id} cannot be ${JSON.stringify(setting.value)}`;
    return [{ code: "zone_setting", found, fix: `It takes ${expected}.` }];
  });
  return [...room, ...settings];
}

/** What a pointer from the ruleset points at in its rule. */
function inRule(pointer: string): string {
  const path = pointer.split("/").slice(3);
  return path.length === 0 ? "" : `, ${path.join(".")}`;
}

/** How many rules of others the adopted rulesets have: they use the same room. */
const adoptedRules = (site: Site, policy: Policy): Readonly<Record<string, number>> =>
  Object.fromEntries(
    policy.rulesets.flatMap(({ phase, rules }) => {
      const adopted = adoptionOf(site).rulesets[phase];
      return adopted === undefined ? [] : [[phase, othersRules(adopted.rules, rules).length]];
    }),
  );
