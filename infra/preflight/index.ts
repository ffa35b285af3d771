/** Reads the account before anything is registered, and reports every obstacle at once. Reads only. */
import type Cloudflare from "cloudflare";
import {
  adoptionOf,
  othersRules,
  type Plan,
  type Policy,
  policyDiagnostics,
  policyFor,
  policyListProblems,
  type Site,
  zoneSettingProblem,
} from "../policy/index.ts";
import { type Account, type AccountFound, readAccount, tokenObstacle } from "./account.ts";
import { findCertificates } from "./certificates.ts";
import { tryRulesets } from "./dry-run.ts";
import { findEntryPoint } from "./entry-points.ts";
import { findLists } from "./lists.ts";
import { type Obstacle, PreflightError } from "./obstacle.ts";
import type { Finding, KnownIds, Search } from "./place.ts";
import { findRecord } from "./records.ts";
import { findTunnel } from "./tunnel.ts";

export type { Account } from "./account.ts";
export { AS_FOUND, type AsFound, parseAsFound } from "./as-found.ts";
export { DryRunIgnoredError } from "./dry-run.ts";
export { permissionOfPhase } from "./entry-points.ts";
export { findLeftBehind, type LeftBehind } from "./left-behind.ts";
export { LISTS_PERMISSION } from "./lists.ts";
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

export interface PreflightOptions {
  /** A preview may be run with a token that only reads. */
  readonly run?: "preview" | "up";
  /** The policy that is deployed on a plan; by default that of `infra/policy`. */
  readonly policyOf?: (plan: Plan) => Policy;
}

/**
 * Finds the site's zone and plan, builds the policy for it and looks for everything that would stop the run halfway: a
 * token that is not accepted, a plan without room, places at Cloudflare that others have. `known` has the ids in the
 * stack's state: what it names is the stack's own, whatever it looks like, and is never imported nor offered for
 * adoption. What it does not name is the stack's own by its mark, or else by adoption. Where nothing is in the way,
 * Cloudflare checks the rulesets in dry runs. Throws `PreflightError` and `DryRunIgnoredError`. What else a token may
 * write cannot be read: a missing right shows at the first write.
 */
export async function preflight(
  api: Cloudflare,
  site: Site,
  known: KnownIds,
  { run = "up", policyOf = (plan) => policyFor(site, plan) }: PreflightOptions = {},
): Promise<Cleared> {
  const { account, warnings } = await findAccount(api, site);
  const policy = policyOf(account.plan);
  const search: Search = { api, site, account, known };
  const [certified, listed, placed] = await Promise.all([
    findCertificates(search),
    findLists(search, policy.lists),
    Promise.all([
      ...policy.rulesets.map((ruleset) => findEntryPoint(search, ruleset)),
      ...site.hostnames.map((hostname) => findRecord(search, hostname)),
    ]),
  ]);
  const tunnel = await findTunnel(
    search,
    placed.flatMap(({ tunnels = [] }) => tunnels),
  );
  const findings: readonly Finding[] = [...placed, ...listed.findings, tunnel];
  const obstacles: Obstacle[] = [
    ...policyObstacles(site, account, policy),
    ...findings.flatMap((finding) => finding.obstacles),
    ...certified.obstacles,
  ];
  if (obstacles.length > 0) throw new PreflightError(obstacles, site);
  const tried = await tryRulesets(
    search,
    policy.rulesets.map((ruleset, index) => ({ ruleset, entryPoint: placed[index]?.entryPoint })),
    { run, missing: policy.lists.filter(({ name }) => listed.missing.has(name)) },
  );
  if (tried.obstacles.length > 0) throw new PreflightError(tried.obstacles, site);
  return {
    account,
    policy,
    imports: Object.assign({}, ...findings.map(({ imports }) => imports)),
    tags: Object.assign({}, ...findings.map(({ tags }) => tags)),
    warnings: [
      ...warnings,
      ...listWarnings(policy, account.plan),
      ...certified.warnings,
      ...findings.flatMap((finding) => finding.warnings ?? []),
      ...tried.warnings,
    ],
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
  const lists = policyListProblems(policy.lists, plan).flatMap(({ severity, code, file, message, hint }) =>
    severity === "error"
      ? [{ code: `policy.${code}`, found: message, fix: `In ${file}${hint === undefined ? "." : `: ${hint}.`}` }]
      : [],
  );
  return [...room, ...settings, ...lists];
}

/** What a pointer from the ruleset points at in its rule. */
function inRule(pointer: string): string {
  const path = pointer.split("/").slice(3);
  return path.length === 0 ? "" : `, ${path.join(".")}`;
}

const listWarnings = ({ lists }: Policy, plan: Plan): readonly string[] =>
  policyListProblems(lists, plan).flatMap(({ severity, file, message }) =>
    severity === "warning" ? [`${message} (${file})`] : [],
  );

/** How many rules of others the adopted rulesets have: they use the same room. */
const adoptedRules = (site: Site, policy: Policy): Readonly<Record<string, number>> =>
  Object.fromEntries(
    policy.rulesets.flatMap(({ phase, rules }) => {
      const adopted = adoptionOf(site).rulesets[phase];
      return adopted === undefined ? [] : [[phase, othersRules(adopted.rules, rules).length]];
    }),
  );
