/** Reads the account before anything is registered, and reports every obstacle at once. Reads only. */
import type Cloudflare from "cloudflare";
import { type Plan, type Policy, policyFor, type Site, siteHostnames } from "../policy/index.ts";
import { findAccess } from "./access.ts";
import { type Account, type AccountFound, readAccount, tokenObstacle } from "./account.ts";
import { findCertificates } from "./certificates.ts";
import { tryRulesets } from "./dry-run.ts";
import { findEntryPoint } from "./entry-points.ts";
import { findGuests, findOwner } from "./guests.ts";
import { findLists } from "./lists.ts";
import { type Obstacle, PreflightError } from "./obstacle.ts";
import type { KnownIds, PreflightFinding, Search } from "./place.ts";
import { type PolicyFindings, type ProofOrder, policyFindings } from "./policy.ts";
import { findRecord } from "./records.ts";
import { serviceObstacles } from "./services.ts";
import { findTunnel } from "./tunnel.ts";

export { DryRunIgnoredError } from "./dry-run.ts";
export * from "./for-commands.ts";

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
  /** Warnings for the operator, which stop nothing. */
  readonly warnings: readonly string[];
  /** What is deployed although neither example nor story proves it, one a line; empty unless it was ordered. */
  readonly unproved: readonly string[];
  /** How what the configuration adopts was found, by the name of the stash that keeps it. */
  readonly asFound: Readonly<Record<string, string>>;
}

export interface PreflightOptions extends Partial<ProofOrder> {
  /** A preview may be run with a token that only reads. */
  readonly run?: "preview" | "up";
  /** The policy that is deployed on a plan; by default that of `infra/policy`. */
  readonly policyOf?: (plan: Plan) => Policy;
  /** Hostnames, with their paths, that the run may open although Access protects them now. */
  readonly opens?: readonly string[];
}

/**
 * Finds the site's zone and plan, builds the policy for it and looks for everything that would stop the run halfway: a
 * token that is not accepted, a plan that allows less, places at Cloudflare that others have. `known` has the ids in
 * the stack's state: what it names is the stack's own, whatever it looks like, and is never imported nor offered for
 * adoption. What it does not name is the stack's own by its mark, or else by adoption. Where nothing is in the way,
 * Cloudflare checks the rulesets in dry runs. The policy is proved by its examples, and by the stories of the options.
 * Throws `PreflightError` and `DryRunIgnoredError`. What else a token may write cannot be read: a missing right shows
 * at the first write.
 */
export async function preflight(
  api: Cloudflare,
  site: Site,
  known: KnownIds,
  {
    run = "up",
    policyOf = (plan) => policyFor(site, plan),
    stories = [],
    unproved = false,
    opens = [],
  }: PreflightOptions = {},
): Promise<Cleared> {
  const { account, warnings } = await findAccount(api, site);
  const policy = policyOf(account.plan);
  const isGuest = site.role === "guest";
  const services = serviceObstacles(site);
  // a guest has no rules, about which the stories are; a service that takes paths of the backend fails their examples
  const judged =
    isGuest || services.length > 0 ? NOT_JUDGED : policyFindings(site, account.plan, policy, { stories, unproved });
  const search: Search = { api, site, account, known, opens };
  const [certified, access, listed, placed] = await Promise.all([
    findCertificates(search),
    findAccess(search),
    findLists(search, policy.lists),
    Promise.all([
      ...policy.rulesets.map((ruleset) => findEntryPoint(search, ruleset)),
      ...siteHostnames(site).map((hostname) => findRecord(search, hostname)),
      isGuest ? findOwner(search) : findGuests(search),
    ]),
  ]);
  const tunnel = await findTunnel(
    search,
    placed.flatMap(({ tunnels = [] }) => tunnels),
  );
  const findings: readonly PreflightFinding[] = [...placed, ...listed.findings, access, tunnel];
  const obstacles: Obstacle[] = [
    ...judged.obstacles,
    ...services,
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
      ...judged.warnings,
      ...certified.warnings,
      ...findings.flatMap((finding) => finding.warnings ?? []),
      ...tried.warnings,
    ],
    unproved: judged.unproved,
    asFound: Object.assign({}, ...findings.map(({ asFound }) => asFound)),
  };
}

const NOT_JUDGED: PolicyFindings = { obstacles: [], warnings: [], unproved: [] };

/**
 * The part of preflight for a run that creates nothing, `refresh` and `destroy`: whether the token is accepted, and
 * where the zone is. What others have at Cloudflare does not stop such a run. Throws `PreflightError`.
 */
export async function preflightToken(api: Cloudflare, site: Site): Promise<Cleared> {
  const { account } = await findAccount(api, site);
  return {
    account,
    policy: policyFor(site, account.plan),
    imports: {},
    tags: {},
    warnings: [],
    unproved: [],
    asFound: {},
  };
}

async function findAccount(api: Cloudflare, site: Site): Promise<AccountFound> {
  const [token, found] = await Promise.all([tokenObstacle(api, site), readAccount(api, site)]);
  if (token !== undefined) throw new PreflightError([token]);
  if ("obstacle" in found) throw new PreflightError([found.obstacle]);
  return found.value;
}
