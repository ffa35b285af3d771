import type Cloudflare from "cloudflare";
import { ownerMark, type PhaseRuleset, type Site } from "../policy/index.ts";
import { TUNNEL } from "../resources/compile.ts";
import type { Account } from "./account.ts";
import type { Obstacle } from "./obstacle.ts";
import { isNotFound, reading } from "./reading.ts";

/** Permission that lets a token write the rulesets of a phase; reading needs it too, so that it is asked for once. */
const PERMISSION: Readonly<Record<string, string>> = {
  http_request_cache_settings: "Cache Settings Write",
};
const WAF = "Zone WAF Write";

/** What stands under one of the names that the stack wants. */
export interface Standing {
  /** What is not ours. */
  readonly obstacles: readonly Obstacle[];
  /** What carries the stack's mark: import id by the name that the resource has in the program. */
  readonly ours: Readonly<Record<string, string>>;
}

/**
 * Reads every name that the stack wants. One entry point exists for each phase and zone, even when all its rules are gone, and
 * the API refuses a second one.
 */
export async function readNames(
  api: Cloudflare,
  site: Site,
  { accountId, zoneId }: Account,
  rulesets: readonly PhaseRuleset[],
): Promise<Standing> {
  const found = await Promise.all([
    ...rulesets.map(({ phase }) => entrypoint(api, site, zoneId, phase)),
    ...site.hostnames.map((hostname) => records(api, site, zoneId, hostname)),
    tunnels(api, site, accountId),
  ]);
  return {
    obstacles: found.flatMap(({ obstacles }) => obstacles),
    ours: Object.assign({}, ...found.map(({ ours }) => ours)),
  };
}

const NOTHING: Standing = { obstacles: [], ours: {} };
const inTheWay = (...obstacles: readonly Obstacle[]): Standing => ({ obstacles, ours: {} });
const ours = (name: string, importId: string): Standing => ({ obstacles: [], ours: { [name]: importId } });

async function entrypoint(
  api: Cloudflare,
  site: Site,
  zoneId: string,
  phase: PhaseRuleset["phase"],
): Promise<Standing> {
  const read = await reading(`the rules of ${phase}`, PERMISSION[phase] ?? WAF, async () => {
    try {
      return await api.rulesets.phases.get(phase, { zone_id: zoneId });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
  if ("obstacle" in read) return inTheWay(read.obstacle);
  const ruleset = read.value;
  if (ruleset === undefined) return NOTHING;
  if (ruleset.description === ownerMark(site)) return ours(phase, `zones/${zoneId}/${ruleset.id}`);
  const rules = ruleset.rules?.length ?? 0;
  const whose = /^causeway \S+\/\S+$/.test(ruleset.description ?? "")
    ? `and belongs to another stack, "${ruleset.description}"`
    : `with ${rules === 1 ? "one rule" : `${rules} rules`}`;
  return inTheWay({
    code: "entrypoint_taken",
    found: `the zone has a ruleset for ${phase} already: "${ruleset.name}" (${ruleset.id}) ${whose}`,
    fix: "A zone has room for one a phase. Copy its rules into infra/policy and delete it, or use another zone.",
  });
}

/** Types that cannot stand beside a CNAME of the same name at Cloudflare (81053, 81054). */
const EXCLUSIVE = new Set(["A", "AAAA", "CNAME", "NS"]);

async function records(api: Cloudflare, site: Site, zoneId: string, hostname: string): Promise<Standing> {
  const read = await reading(`the DNS records of ${hostname}`, "DNS Write", async () => {
    return (await api.dns.records.list({ zone_id: zoneId, name: { exact: hostname } })).result;
  });
  if ("obstacle" in read) return inTheWay(read.obstacle);
  const exclusive = read.value.filter(({ type }) => EXCLUSIVE.has(type));
  const [own] = exclusive.filter(({ comment }) => comment === ownerMark(site));
  if (own !== undefined) return ours(hostname, `${zoneId}/${own.id}`);
  return inTheWay(
    ...exclusive.map((record) => ({
      code: "record_taken",
      found: `${hostname} has a record already: ${record.type} ${record.content ?? ""} (${record.id})${record.comment ? `, "${record.comment}"` : ""}`,
      fix: "Delete the record, or choose another hostname.",
    })),
  );
}

async function tunnels(api: Cloudflare, site: Site, accountId: string): Promise<Standing> {
  const name = ownerMark(site);
  const read = await reading("the tunnels of the account", "Cloudflare Tunnel Write", async () => {
    return (await api.zeroTrust.tunnels.cloudflared.list({ account_id: accountId, name, is_deleted: false })).result;
  });
  if ("obstacle" in read) return inTheWay(read.obstacle);
  const tunnel = read.value.find((candidate) => candidate.name === name);
  if (tunnel?.id === undefined) return NOTHING;
  if (tunnel.config_src !== "local") return ours(TUNNEL, `${accountId}/${tunnel.id}`);
  return inTheWay({
    code: "tunnel_taken",
    found: `the account has a tunnel "${name}" (${tunnel.id}) already, and it is configured on its connectors`,
    fix: "Delete it, or give the stack another name.",
  });
}
