import type Cloudflare from "cloudflare";
import { adoptionOf, ownerMark, type PhaseRuleset, type Site } from "../policy/index.ts";
import { TUNNEL } from "../resources/compile.ts";
import type { Account } from "./account.ts";
import type { Obstacle } from "./obstacle.ts";
import { isNotFound, reading } from "./reading.ts";

/** Permission that lets a token write the rulesets of a phase; reading needs it too, so that it is asked for once. */
const PERMISSION: Readonly<Record<string, string>> = {
  http_request_cache_settings: "Cache Settings Write",
  http_request_dynamic_redirect: "Dynamic URL Redirects Write",
};
const WAF = "Zone WAF Write";
const TUNNEL_PERMISSION = "Cloudflare Tunnel Write";

/** What stands under one of the names that the stack wants. */
export interface Standing {
  /** What is not ours. */
  readonly obstacles: readonly Obstacle[];
  /** What carries the stack's mark: import id by the name that the resource has in the program. */
  readonly ours: Readonly<Record<string, string>>;
  /** Tunnels that records of ours lead to. */
  readonly leadsTo?: readonly string[];
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
    leadsTo: found.flatMap(({ leadsTo = [] }) => leadsTo),
  };
}

/**
 * Records of ours that lead to a tunnel which was deleted elsewhere. Cloudflare goes on answering for one, with the time, and the
 * provider takes it for there (cloudflared#1210): the run would fail halfway, at the tunnel's configuration.
 */
export async function deletedTunnels(
  api: Cloudflare,
  { accountId }: Account,
  { ours, leadsTo = [] }: Standing,
): Promise<readonly Obstacle[]> {
  if (ours[TUNNEL] !== undefined) return [];
  const read = await Promise.all(
    [...new Set(leadsTo)].map((uuid) =>
      reading("the tunnels of the account", TUNNEL_PERMISSION, async () => {
        return (await api.zeroTrust.tunnels.cloudflared.list({ account_id: accountId, is_deleted: true, uuid })).result;
      }),
    ),
  );
  return read.flatMap((found) => {
    if ("obstacle" in found) return [found.obstacle];
    return found.value.map(({ id, deleted_at }) => ({
      code: "tunnel_deleted",
      found: `the stack's tunnel ${id} was deleted elsewhere (${deleted_at})`,
      fix: "Run `npm run up -- --stack NAME`: it makes a new one, whose token every connector has to be started with.",
    }));
  });
}

const NOTHING: Standing = { obstacles: [], ours: {} };
const inTheWay = (...obstacles: readonly Obstacle[]): Standing => ({ obstacles, ours: {} });
const ours = (name: string, importId: string): Standing => ({ obstacles: [], ours: { [name]: importId } });

/** The configuration adopts what is not there (any more). */
const gone = (what: string): Standing =>
  inTheWay({
    code: "adopted_missing",
    found: `the configuration adopts the ${what}, and there is no such thing`,
    fix: "Correct `adopt`, or take it away so that the stack makes its own.",
  });

/** The stack whose mark this is, as `PROJECT/STACK`; undefined where it is nobody's. */
const otherStack = (mark: string | undefined): string | undefined => /^causeway (\S+\/\S+)$/.exec(mark ?? "")?.[1];

/** Never offered for adoption: two stacks that write the same thing undo each other with every run. */
const anotherStack = (stack: string, what: string): Obstacle => ({
  code: "another_stack",
  found: `the stack ${stack} has ${what}`,
  fix: `Use another zone or hostname, or end that stack first, from where its state is: \`npm run down -- --stack ${stack.split("/")[1]}\`. Where its state is lost, delete what it left.`,
});

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
  const adopted = adoptionOf(site).rulesets[phase];
  if (adopted !== undefined) {
    return adopted.id === ruleset?.id ? NOTHING : gone(`ruleset ${adopted.id} of ${phase}`);
  }
  if (ruleset === undefined) return NOTHING;
  if (ruleset.description === ownerMark(site)) return ours(phase, `zones/${zoneId}/${ruleset.id}`);
  const what = `a ruleset for ${phase}: "${ruleset.name}" (${ruleset.id})`;
  const other = otherStack(ruleset.description);
  if (other !== undefined) return inTheWay(anotherStack(other, what));
  const rules = ruleset.rules?.length ?? 0;
  return inTheWay({
    code: "entrypoint_taken",
    found: `the zone has ${what} already, with ${rules === 1 ? "one rule" : `${rules} rules`}`,
    fix: "A zone has room for one a phase. Take it over, or delete it, or use another zone.",
    adopt: {
      rulesets: {
        [phase]: {
          id: ruleset.id,
          name: ruleset.name,
          description: ruleset.description ?? "",
          rules: (ruleset.rules ?? []).map(({ id: _id, version: _version, last_updated: _updated, ...rule }) => rule),
        },
      },
    },
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
  const adopted = adoptionOf(site).records[hostname];
  if (adopted !== undefined) {
    return exclusive.some(({ id, type }) => id === adopted && type === "CNAME")
      ? NOTHING
      : gone(`CNAME record ${adopted} of ${hostname}`);
  }
  const [own] = exclusive.filter(({ comment }) => comment === ownerMark(site));
  if (own !== undefined) {
    const tunnel = /^([0-9a-f-]{36})\.cfargotunnel\.com$/.exec(own.content ?? "")?.[1];
    return { ...ours(hostname, `${zoneId}/${own.id}`), ...(tunnel === undefined ? {} : { leadsTo: [tunnel] }) };
  }
  return inTheWay(
    ...exclusive.map((record) => {
      const what = `${record.type} ${record.content ?? ""} (${record.id})`;
      const other = otherStack(record.comment ?? undefined);
      if (other !== undefined) return anotherStack(other, `the record of ${hostname}: ${what}`);
      return {
        code: "record_taken",
        found: `${hostname} has a record already: ${what}${record.comment ? `, "${record.comment}"` : ""}`,
        fix: "Take it over, or delete it, or choose another hostname.",
        // another type would have to be replaced, which is no taking over
        ...(record.type === "CNAME" ? { adopt: { records: { [hostname]: record.id } } } : {}),
      };
    }),
  );
}

async function tunnels(api: Cloudflare, site: Site, accountId: string): Promise<Standing> {
  const name = ownerMark(site);
  const adopted = adoptionOf(site).tunnel;
  const wanted = adopted === undefined ? { name } : { uuid: adopted };
  const read = await reading("the tunnels of the account", TUNNEL_PERMISSION, async () => {
    const found = await api.zeroTrust.tunnels.cloudflared.list({ account_id: accountId, is_deleted: false, ...wanted });
    return found.result;
  });
  if ("obstacle" in read) return inTheWay(read.obstacle);
  const tunnel = read.value.find((candidate) => candidate.id === adopted || candidate.name === name);
  if (adopted !== undefined) {
    return tunnel !== undefined && tunnel.config_src !== "local"
      ? NOTHING
      : gone(`tunnel ${adopted} that Cloudflare configures`);
  }
  if (tunnel?.id === undefined) return NOTHING;
  if (tunnel.config_src !== "local") return ours(TUNNEL, `${accountId}/${tunnel.id}`);
  return inTheWay({
    code: "tunnel_taken",
    found: `the account has a tunnel "${name}" (${tunnel.id}) already, and it is configured on its connectors`,
    fix: "Delete it, or give the stack another name.",
  });
}
