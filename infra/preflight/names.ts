import type Cloudflare from "cloudflare";
import { ownerMark, type PhaseRuleset, type Site } from "../policy/index.ts";
import type { Account } from "./account.ts";
import type { Obstacle } from "./obstacle.ts";
import { isNotFound, type Reading, reading } from "./reading.ts";

/** Permission that lets a token write the rulesets of a phase; reading needs it too, so that it is asked for once. */
const PERMISSION: Readonly<Record<string, string>> = {
  http_request_cache_settings: "Cache Settings Write",
};
const WAF = "Zone WAF Write";

/**
 * What stands where the stack wants to create something, and is not ours. One entry point exists for each phase and zone, even
 * when all its rules are gone, and the API refuses a second one.
 */
export async function namesTaken(
  api: Cloudflare,
  site: Site,
  { accountId, zoneId }: Account,
  rulesets: readonly PhaseRuleset[],
): Promise<Obstacle[]> {
  const found = await Promise.all([
    ...rulesets.map(({ phase }) => entrypointTaken(api, site, zoneId, phase)),
    ...site.hostnames.map((hostname) => recordTaken(api, site, zoneId, hostname)),
    tunnelTaken(api, site, accountId),
  ]);
  return found.flat();
}

async function entrypointTaken(
  api: Cloudflare,
  site: Site,
  zoneId: string,
  phase: PhaseRuleset["phase"],
): Promise<Obstacle[]> {
  const read = await reading(`the rules of ${phase}`, PERMISSION[phase] ?? WAF, async () => {
    try {
      return await api.rulesets.phases.get(phase, { zone_id: zoneId });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
  return obstacles(read, (ruleset) => {
    if (ruleset === undefined || ruleset.description === ownerMark(site)) return [];
    const rules = ruleset.rules?.length ?? 0;
    const whose = /^causeway \S+\/\S+$/.test(ruleset.description ?? "")
      ? `and belongs to another stack, "${ruleset.description}"`
      : `with ${rules === 1 ? "one rule" : `${rules} rules`}`;
    return [
      {
        code: "entrypoint_taken",
        found: `the zone has a ruleset for ${phase} already: "${ruleset.name}" (${ruleset.id}) ${whose}`,
        fix: "A zone has room for one a phase. Copy its rules into infra/policy and delete it, or use another zone.",
      },
    ];
  });
}

/** Types that cannot stand beside a CNAME of the same name at Cloudflare (81053, 81054). */
const EXCLUSIVE = new Set(["A", "AAAA", "CNAME", "NS"]);

async function recordTaken(api: Cloudflare, site: Site, zoneId: string, hostname: string): Promise<Obstacle[]> {
  const read = await reading(`the DNS records of ${hostname}`, "DNS Write", async () => {
    return (await api.dns.records.list({ zone_id: zoneId, name: { exact: hostname } })).result;
  });
  return obstacles(read, (records) =>
    records
      .filter(({ type, comment }) => EXCLUSIVE.has(type) && comment !== ownerMark(site))
      .map((record) => ({
        code: "record_taken",
        found: `${hostname} has a record already: ${record.type} ${record.content ?? ""} (${record.id})${record.comment ? `, "${record.comment}"` : ""}`,
        fix: "Delete the record, or choose another hostname.",
      })),
  );
}

async function tunnelTaken(api: Cloudflare, site: Site, accountId: string): Promise<Obstacle[]> {
  const name = ownerMark(site);
  const read = await reading("the tunnels of the account", "Cloudflare Tunnel Write", async () => {
    return (await api.zeroTrust.tunnels.cloudflared.list({ account_id: accountId, name, is_deleted: false })).result;
  });
  return obstacles(read, (tunnels) =>
    tunnels
      .filter((tunnel) => tunnel.name === name && tunnel.config_src === "local")
      .map((tunnel) => ({
        code: "tunnel_taken",
        found: `the account has a tunnel "${name}" (${tunnel.id}) already, and it is configured on its connectors`,
        fix: "Delete it, or give the stack another name.",
      })),
  );
}

const obstacles = <T>(read: Reading<T>, of: (value: T) => Obstacle[]): Obstacle[] =>
  "obstacle" in read ? [read.obstacle] : of(read.value);
