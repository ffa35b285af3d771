import type Cloudflare from "cloudflare";
import type { Site } from "../policy/without-rules.ts";
import { PLANS, type Plan } from "../rules/index.ts";
import type { Obstacle } from "./obstacle.ts";
import { isUnauthenticated, type ReadResult, reading, unlessMissing } from "./reading.ts";

/** The zone that the site is in, and what it may do. */
export interface Account {
  readonly accountId: string;
  readonly zoneId: string;
  /** The plan to keep within: the zone's, or the smaller one that the configuration names. */
  readonly plan: Plan;
}

const rank = (plan: Plan): number => PLANS.indexOf(plan);

/** Undefined where Cloudflare accepts the token and it is active. */
export async function tokenObstacle(api: Cloudflare, site: Site): Promise<Obstacle | undefined> {
  const verify = async (): Promise<string> => {
    try {
      return (await api.user.tokens.verify()).status;
    } catch (error) {
      // tokens that belong to an account are verified there
      if (site.accountId === undefined || !isUnauthenticated(error)) throw error;
      return (await api.accounts.tokens.verify({ account_id: site.accountId })).status;
    }
  };
  const read = await reading("the API token", undefined, verify);
  if ("obstacle" in read) return read.obstacle;
  return read.value === "active"
    ? undefined
    : { code: "token", found: `the API token is ${read.value}`, fix: "Use one that is active." };
}

/** The zone, and warnings for the operator, which stop nothing. */
export interface AccountFound {
  readonly account: Account;
  readonly warnings: readonly string[];
}

/** Finds the zone by its id, or else by its name. */
export async function readAccount(api: Cloudflare, site: Site): Promise<ReadResult<AccountFound>> {
  const { id, name } = site.zone;
  const found = await reading(`the zone ${name}`, "Zone Read", async () => {
    if (id !== undefined) return zoneById(api, id);
    return (await api.zones.list({ name, ...(site.accountId ? { account: { id: site.accountId } } : {}) })).result;
  });
  if ("obstacle" in found) return found;
  const zones: readonly ZoneOfAccount[] = found.value.filter((candidate) => candidate.name === name);
  const active = zones.filter(isActive);
  const zone = active[0] ?? zones[0];
  if (zone === undefined) {
    return refusal(
      "zone_not_found",
      `the API token sees no zone ${name}${id === undefined ? "" : ` with the id ${id}`}`,
      'Check the name and give the token "Zone Read" for it; add the zone to the account if it is not there yet.',
    );
  }
  if (zones.length > 1 && active.length !== 1) {
    return refusal(
      "zone_ambiguous",
      `the API token sees ${zones.length} zones of the name ${name}: ${zones.map(shownZone).join(", ")}`,
      "Set `causeway:zoneId` to the id of the one that is meant.",
    );
  }
  if (!isActive(zone)) {
    return refusal(
      "zone_not_active",
      `the zone ${name} is ${statusOf(zone)}`,
      "Point its domain to Cloudflare's name servers, or unpause it, and wait until it is active.",
    );
  }
  const others = zones.filter((other) => other !== zone).map(shownZone);
  const warnings =
    others.length === 0
      ? []
      : [
          `There are more zones of the name ${name}: ${others.join(", ")}. The active one, ${zone.id}, is used; ` +
            `set \`causeway:zoneId\` to name it.`,
        ];
  const accountId = zone.account.id;
  if (accountId === undefined || (site.accountId !== undefined && site.accountId !== accountId)) {
    return refusal(
      "account_mismatch",
      `the zone ${name} belongs to the account ${accountId ?? "(not shown)"}`,
      "Name that account as `accountId`, or leave it away.",
    );
  }
  const subscribed = planOf(zone.plan);
  if (site.plan !== "auto" && rank(site.plan) > rank(subscribed)) {
    return refusal(
      "plan_too_small",
      `the zone ${name} is on the ${subscribed} plan, the configuration names ${site.plan}`,
      "Set `plan` to auto, or change the zone's plan.",
    );
  }
  const account = { accountId, zoneId: zone.id, plan: site.plan === "auto" ? subscribed : site.plan };
  return { value: { account, warnings } };
}

/** A zone, as far as it matters here. */
interface ZoneOfAccount {
  readonly id: string;
  readonly name: string;
  readonly status?: string;
  readonly paused?: boolean;
  readonly account: { readonly id?: string };
  readonly plan?: { readonly legacy_id?: unknown };
}

const isActive = ({ status, paused }: ZoneOfAccount): boolean => status === "active" && paused !== true;

/** `moved` is a zone whose domain went to other name servers: it stays for weeks beside the one that replaced it. */
const statusOf = ({ status, paused }: ZoneOfAccount): string => (paused === true ? "paused" : (status ?? "not active"));

const shownZone = (zone: ZoneOfAccount): string =>
  `${zone.id} (${statusOf(zone)}, in the account ${zone.account.id ?? "that is not shown"})`;

/** An empty list where there is none, as a search returns. */
async function zoneById(api: Cloudflare, id: string) {
  const zone = await unlessMissing(api.zones.get({ zone_id: id }));
  return zone === undefined ? [] : [zone];
}

const refusal = (code: string, found: string, fix: string): ReadResult<never> => ({ obstacle: { code, found, fix } });

/**
 * `legacy_id` names the plan; what it does not name (trials, partner plans) is taken as Free, which every zone has.
 */
function planOf(plan: { readonly legacy_id?: unknown } | undefined): Plan {
  return PLANS.find((name) => name === plan?.legacy_id) ?? "free";
}
