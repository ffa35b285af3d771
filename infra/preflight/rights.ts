/** What the present API token may do of what a stack needs. Nothing is written. */
import Cloudflare from "cloudflare";
import type { Policy } from "../policy/index.ts";
import { TUNNEL } from "../resources/compile.ts";
import { tryRight } from "./dry-run.ts";
import type { Obstacle } from "./obstacle.ts";
import { type NeededPermission, neededPermissions, type PermissionName, permissionOfPhase } from "./permissions.ts";
import type { Search } from "./place.ts";
import { isUnauthenticated, reading, unlessMissing } from "./reading.ts";

/** A permission that a stack needs, and whether the token has it. */
export interface TokenRight extends NeededPermission {
  readonly state: "has" | "missing" | "not known";
  /** Why it is missing or not known. */
  readonly reason?: string;
}

/** Undefined where the token has the permission; why not, or why that is not known. */
type RightFinding = Obstacle | undefined;

/**
 * Finds which of the needed permissions the token has, by calls that write nothing: reads, rulesets by dry run, and a
 * record and a list without a name, which the API refuses for the missing name once the token may make them. What only
 * a write shows is not known. The token has read the zone before, so it has Zone Read. @throws DryRunIgnoredError
 */
export async function findRights(search: Search, policy: Policy): Promise<readonly TokenRight[]> {
  const rights: TokenRight[] = [];
  // one after the other: a token that is refused often is throttled
  for (const needed of neededPermissions(search.site, policy, search.known)) {
    const obstacle = await findingOf(search, policy, needed.name);
    rights.push(
      obstacle === undefined
        ? { ...needed, state: "has" }
        : { ...needed, state: obstacle.code === "permission" ? "missing" : "not known", reason: obstacle.found },
    );
  }
  return rights;
}

function findingOf(search: Search, policy: Policy, name: PermissionName): Promise<RightFinding> {
  const { api, account, site } = search;
  const { accountId, zoneId } = account;
  switch (name) {
    case "Zone Read":
      return Promise.resolve(undefined);
    case "DNS Write":
      return mayCreate(api, "a record", name, `/zones/${zoneId}/dns_records`);
    case "Account Filter Lists Edit":
      return mayCreate(api, "a list", name, `/accounts/${accountId}/rules/lists`);
    case "Account Filter Lists Read":
      return mayRead("the lists of the account", name, () => api.rules.lists.list({ account_id: accountId }));
    case "SSL and Certificates Read":
      return mayRead("the certificates of the zone", name, () => api.ssl.certificatePacks.list({ zone_id: zoneId }));
    case "Zone WAF Read":
      return mayRead("the custom rules of the zone", name, () =>
        unlessMissing(api.rulesets.phases.get("http_request_firewall_custom", { zone_id: zoneId })),
      );
    case "Zone Settings Write":
      return mayAtLeastRead("the settings of the zone", name, () =>
        api.zones.settings.get(Object.keys(site.zoneSettings)[0] ?? "ssl", { zone_id: zoneId }),
      );
    case "Cloudflare Tunnel Write":
      return mayWriteTunnels(search);
    case "Access: Apps and Policies Write":
      return mayAtLeastRead("the applications of Access", name, () =>
        api.zeroTrust.access.applications.list({ account_id: accountId }),
      );
    case "Access: Service Tokens Write":
      return mayAtLeastRead("the service tokens of Access", name, () =>
        api.zeroTrust.access.serviceTokens.list({ account_id: accountId }),
      );
    case "Access: Organizations, Identity Providers, and Groups Read":
      return mayRead("the organization of Access", name, () =>
        unlessMissing(api.zeroTrust.organizations.list({ account_id: accountId })),
      );
    default:
      return mayWriteRules(search, policy, name);
  }
}

async function mayWriteRules(search: Search, policy: Policy, name: PermissionName): Promise<RightFinding> {
  for (const ruleset of policy.rulesets) {
    if (permissionOfPhase(ruleset.phase) !== name) continue;
    const obstacle = await tryRight(search, ruleset, policy.lists);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

/** The token of a tunnel is shown only to who may write tunnels. It is read, and dropped. */
async function mayWriteTunnels({ api, account, known }: Search): Promise<RightFinding> {
  const name = "Cloudflare Tunnel Write";
  const place = { account_id: account.accountId };
  const id = known[TUNNEL];
  if (id !== undefined) {
    const read = await reading("the tunnel's token", name, () =>
      unlessMissing(api.zeroTrust.tunnels.cloudflared.token.get(id, place)),
    );
    if ("obstacle" in read) return read.obstacle;
    if (read.value !== undefined) return undefined;
  }
  return mayAtLeastRead("the tunnels of the account", name, () => api.zeroTrust.tunnels.cloudflared.list(place));
}

async function mayRead(what: string, name: PermissionName, read: () => PromiseLike<unknown>): Promise<RightFinding> {
  const result = await reading(what, name, read);
  return "obstacle" in result ? result.obstacle : undefined;
}

async function mayAtLeastRead(
  what: string,
  name: PermissionName,
  read: () => PromiseLike<unknown>,
): Promise<RightFinding> {
  const found = `the token may read ${what}; whether it may write is shown by a write only`;
  return (await mayRead(what, name, read)) ?? { code: "only_read", found, fix: "" };
}

async function mayCreate(api: Cloudflare, what: string, name: PermissionName, path: string): Promise<RightFinding> {
  const made = await reading(what, name, () => postNothing(api, path), "write");
  return "obstacle" in made ? made.obstacle : undefined;
}

/**
 * Asks for a record or a list without a name: with the permission the API refuses the body, and nothing is made.
 * @throws APIError where it refuses something else
 */
export async function postNothing(api: Cloudflare, path: string): Promise<void> {
  try {
    await api.post(path, { body: {}, maxRetries: 0 });
  } catch (error) {
    const isRefusedBody =
      error instanceof Cloudflare.BadRequestError || error instanceof Cloudflare.UnprocessableEntityError;
    if (!isRefusedBody || isUnauthenticated(error)) throw error;
  }
}
