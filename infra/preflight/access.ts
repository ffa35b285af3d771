/** What the account has of Cloudflare Access, as far as it concerns the stack. Reads only. */
import {
  type AccessApplication,
  accessNames,
  applicationName,
  destinationOf,
  policyName,
  type SiteAccess,
  siteHostnames,
  tokenName,
} from "../policy/without-rules.ts";
import { accessResource } from "../resources/compile.ts";
import { canonical, type DeployedApp, hasDeployedApps, isHostLike, removedAccess } from "./access-removed.ts";
import type { Obstacle } from "./obstacle.ts";
import { ownAccess } from "./own-access.ts";
import { blockedBy, NOTHING, type PreflightFinding, type Search } from "./place.ts";
import { type ReadResult, reading, unlessMissing } from "./reading.ts";

interface ListedThing {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** Cloudflare's limits of an account (https://developers.cloudflare.com/cloudflare-one/account-limits/). */
const MAX_APPS = 500;
const MAX_TOKENS = 50;
const APPS = "Access: Apps and Policies Write";
const TOKENS = "Access: Service Tokens Write";
const ORGANIZATION = "Access: Organizations, Identity Providers, and Groups Read";

/**
 * Looks at the account's team, at applications of others that have the place of one of the stack's, at the limits, and
 * at what has the stack's mark and is not in its state, and at what the run would open. Nothing is read where neither
 * the configuration nor the state has an application.
 */
export async function findAccess(search: Search): Promise<PreflightFinding> {
  const { access } = search.site;
  if (access === undefined) return hasDeployedApps(search) ? findRemoved(search) : NOTHING;
  const [team, apps, marked] = [await findTeam(search, access), await readApps(search), await findMarkedAccess(search)];
  if ("obstacle" in apps) return blockedBy(...team.obstacles, apps.obstacle);
  if ("obstacle" in marked) return blockedBy(...team.obstacles, marked.obstacle);
  const ids = new Set(Object.values(search.known));
  const others = apps.value.filter(({ id, name }) => !ids.has(id ?? "") && !isMarked(search, access, name));
  const removed = removedAccess(search, apps.value);
  const tokens = Object.keys(access.serviceTokens).filter((name) => accessResource("token", name) in marked.value.ids);
  return {
    obstacles: [
      ...team.obstacles,
      ...access.applications.flatMap((application) => takenBy(search, application, apps.value)),
      ...removed.obstacles,
      ...tokens.map(tokenLeft),
      ...tooMany(search, "application", apps.value.length, access.applications.length, MAX_APPS),
      ...tooMany(search, "token", marked.value.tokens, Object.keys(access.serviceTokens).length, MAX_TOKENS),
    ],
    imports: Object.fromEntries(Object.entries(marked.value.ids).filter(([name]) => !name.startsWith(TOKEN))),
    warnings: [...(team.warnings ?? []), ...(removed.warnings ?? []), ...coverWarnings(search, others)],
  };
}

/** The settings have no `access` any more. */
async function findRemoved(search: Search): Promise<PreflightFinding> {
  const apps = await readApps(search);
  return "obstacle" in apps ? blockedBy(apps.obstacle) : { ...NOTHING, ...removedAccess(search, apps.value) };
}

const TOKEN = accessResource("token", "");

/** Access cannot be used without an organization, and assertions of another team would never be accepted. */
async function findTeam({ api, site, account }: Search, { team }: SiteAccess): Promise<PreflightFinding> {
  const read = await reading("the organization of Access", ORGANIZATION, () =>
    unlessMissing(api.zeroTrust.organizations.list({ account_id: account.accountId })),
  );
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const { auth_domain, deny_unmatched_requests, deny_unmatched_requests_exempted_zone_names } = read.value ?? {};
  const expected = `${team}.cloudflareaccess.com`;
  if (auth_domain !== expected) {
    return blockedBy({
      code: "access_team",
      found: auth_domain
        ? `the team of the account is ${auth_domain}, and \`access\` names ${expected}`
        : "the account has no organization of Access",
      fix: auth_domain
        ? "Correct `causeway:access.team`: no request would pass with assertions of another team."
        : "Choose a team name at https://one.dash.cloudflare.com, and set `causeway:access.team` to it.",
    });
  }
  const isExempt = deny_unmatched_requests_exempted_zone_names?.includes(site.zone.name) === true;
  const open = siteHostnames(site).filter((hostname) => !isWhollyCovered(site.access, hostname));
  if (!deny_unmatched_requests || isExempt || open.length === 0) return NOTHING;
  const warning =
    `The account denies requests that no application of Access covers: Cloudflare blocks ${open.join(", ")}. Exempt ` +
    `the zone ${site.zone.name} in the settings of Access.`;
  return { ...NOTHING, warnings: [warning] };
}

const isWhollyCovered = (access: SiteAccess | undefined, hostname: string): boolean =>
  access?.applications.some((one) => one.hostname === hostname && one.path === undefined) === true;

function readApps({ api, account }: Search): Promise<ReadResult<readonly DeployedApp[]>> {
  return reading("the applications of Access", APPS, async () => {
    const apps: DeployedApp[] = [];
    for await (const app of api.zeroTrust.access.applications.list({ account_id: account.accountId })) {
      // an application of another kind, such as a bookmark, has fewer members
      const { id, name, domain, self_hosted_domains = [], destinations = [] }: AnyApp = app;
      const uris = [domain, ...self_hosted_domains, ...destinations.map(uriOf)];
      apps.push({ id, name, uris: [...new Set(uris.flatMap((uri) => uri || []))] });
    }
    return apps;
  });
}

interface AnyApp extends ListedThing {
  readonly domain?: string;
  readonly self_hosted_domains?: readonly string[];
  /** Those of other kinds than the public ones have no `uri`. */
  readonly destinations?: readonly object[];
}

const uriOf = (destination: object): string | undefined =>
  "uri" in destination && typeof destination.uri === "string" ? destination.uri : undefined;

/** What has the stack's mark and is not in its state: import ids by the name in the program. */
interface MarkedAccess {
  readonly ids: Readonly<Record<string, string>>;
  /** Service tokens of the account; 0 where the configuration has none. */
  readonly tokens: number;
}

/**
 * Finds applications, policies and service tokens that have the name of one of the stack's and that its state does not
 * have: a run was killed, or a response was lost.
 */
export async function findMarkedAccess(search: Search): Promise<ReadResult<MarkedAccess>> {
  const { api, site, account, known } = search;
  const { access } = site;
  if (access === undefined) return { value: { ids: {}, tokens: 0 } };
  const place = { account_id: account.accountId };
  const [apps, policies, tokens] = [
    await readApps(search),
    await readAll("the policies of Access", APPS, api.zeroTrust.access.policies.list(place)),
    await readTokens(search, access),
  ];
  if ("obstacle" in apps) return apps;
  if ("obstacle" in policies) return policies;
  if ("obstacle" in tokens) return tokens;
  const wanted: readonly (readonly [resource: string, name: string, from: readonly ListedThing[], path: string])[] = [
    ...access.applications.flatMap(({ name }) => [
      [accessResource("app", name), applicationName(site, name), apps.value, "accounts/"] as const,
      ...(["people", "services"] as const).map(
        (callers) =>
          [
            accessResource("policy", `${name}:${callers}`),
            policyName(site, name, callers),
            policies.value,
            "",
          ] as const,
      ),
    ]),
    ...Object.keys(access.serviceTokens).map(
      (name) => [accessResource("token", name), tokenName(site, name), tokens.value, "accounts/"] as const,
    ),
  ];
  const ids = wanted.flatMap(([resource, name, from, path]) => {
    const id = known[resource] === undefined ? from.find((one) => one.name === name)?.id : undefined;
    return id === undefined ? [] : [[resource, `${path}${account.accountId}/${id}`] as const];
  });
  return { value: { ids: Object.fromEntries(ids), tokens: tokens.value.length } };
}

/** The permission for service tokens is needed only where the configuration has some. */
function readTokens(
  { api, account }: Search,
  { serviceTokens }: SiteAccess,
): Promise<ReadResult<readonly ListedThing[]>> | ReadResult<readonly ListedThing[]> {
  if (Object.keys(serviceTokens).length === 0) return { value: [] };
  const list = api.zeroTrust.access.serviceTokens.list({ account_id: account.accountId });
  return readAll("the service tokens of Access", TOKENS, list);
}

function readAll(
  what: string,
  permission: typeof APPS | typeof TOKENS,
  list: AsyncIterable<ListedThing>,
): Promise<ReadResult<readonly ListedThing[]>> {
  return reading(what, permission, async () => {
    const all: ListedThing[] = [];
    for await (const { id, name } of list) all.push({ id, name });
    return all;
  });
}

const isMarked = ({ site }: Search, access: SiteAccess, name = ""): boolean => accessNames(site, access).includes(name);

/** Two applications cannot have one place, also not while one of them takes the place of the other. */
function takenBy(
  { site, known }: Search,
  application: AccessApplication,
  apps: readonly DeployedApp[],
): readonly Obstacle[] {
  const place = canonical(destinationOf(application));
  const ownId = known[accessResource("app", application.name)];
  const ownName = applicationName(site, application.name);
  const other = apps.find(
    ({ id, name, uris }) => id !== ownId && name !== ownName && uris.some((uri) => canonical(uri) === place),
  );
  if (other === undefined) return [];
  const found = `the account has an application "${other.name ?? other.id}" for ${place} already`;
  if (Object.values(known).includes(other.id ?? "")) {
    const fix =
      "It is this stack's, under another name. Give it its name back in `causeway:access`. To rename it, take it out " +
      "together with its hostname, run `up`, then add both again.";
    return [{ code: "access_renamed", found, fix }];
  }
  const fix = "Delete it if it is not needed, or take the application out of `causeway:access`.";
  return [{ code: "access_taken", found, fix }];
}

/** Its secret was shown once, in a response that was lost. */
const tokenLeft = (name: string): Obstacle => ({
  code: "access_token_left",
  found: `the account has the service token ${name} of this stack, which its state does not have`,
  fix: "Delete it at https://one.dash.cloudflare.com (Access, service credentials): its secret is not shown again.",
});

function tooMany(
  { known }: Search,
  kind: "application" | "token",
  found: number,
  wanted: number,
  limit: number,
): readonly Obstacle[] {
  const own = ownAccess(known, kind === "token" ? "token" : "app").size;
  const after = found - own + wanted;
  if (after <= limit) return [];
  return [
    {
      code: "access_limit",
      found: `the account would have ${after} of ${limit} ${kind === "token" ? "service tokens" : "applications"} of Access`,
      fix: "Delete some that are not needed.",
    },
  ];
}

/** Visitors of a hostname that the stack leaves open would be asked to sign in. */
function coverWarnings({ site }: Search, others: readonly DeployedApp[]): readonly string[] {
  const open = siteHostnames(site).filter((hostname) => !isWhollyCovered(site.access, hostname));
  return open.flatMap((hostname) => {
    const covering = others.find(({ uris }) => uris.some((uri) => coversHost(uri, hostname)));
    return covering === undefined
      ? []
      : [`The application "${covering.name ?? covering.id}" of others covers ${hostname}: visitors have to sign in.`];
  });
}

/** Whether a destination covers all paths of a hostname. */
function coversHost(uri: string, hostname: string): boolean {
  const [host = "", path = ""] = canonical(uri).split(/\/(.*)/s);
  return (path === "" || path === "*") && isHostLike(host, hostname);
}
