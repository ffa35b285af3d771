import { adoptionOf, ownerMark, siteHostnames, tunnelName } from "../policy/without-rules.ts";
import { TUNNEL } from "../resources/compile.ts";
import { keptAsFound, tunnelAsFound } from "./as-found.ts";
import {
  adoptedMissing,
  adoptionRemoved,
  blockedBy,
  importing,
  NOTHING,
  type PreflightFinding,
  type Search,
  wasAdopted,
} from "./place.ts";
import { type ReadResult, reading, unlessMissing } from "./reading.ts";

const PERMISSION = "Cloudflare Tunnel Write";

/** A tunnel, as far as it matters here. */
interface ListedTunnel {
  readonly id?: string;
  readonly name?: string;
  readonly config_src?: string;
  readonly status?: string;
  readonly deleted_at?: string | null;
}

/**
 * Looks at the stack's tunnel: the one in the state, the one that the configuration adopts, or one that has the
 * stack's name.
 */
export async function findTunnel(search: Search, ledTo: readonly string[]): Promise<PreflightFinding> {
  const knownId = search.known[TUNNEL];
  if (knownId !== undefined) return checkKnown(search, knownId);
  const adopted = adoptionOf(search.site).tunnel;
  return adopted === undefined ? findNamed(search, ledTo) : checkAdopted(search, adopted);
}

/**
 * A deleted tunnel can still be read at Cloudflare, with the time, and the provider takes it for one that exists
 * (cloudflared#1210): the run would fail halfway, at the tunnel's configuration.
 */
async function checkKnown(search: Search, id: string): Promise<PreflightFinding> {
  const read = await readTunnel(search, id);
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const deletedAt = read.value?.deleted_at;
  if (deletedAt) {
    return blockedBy({
      code: "tunnel_deleted",
      found: `the stack's tunnel ${id} was deleted elsewhere (${deletedAt})`,
      fix: "Run `npm run up -- --stack NAME`: it makes a new one, whose token every connector has to be started with.",
    });
  }
  const adopted = adoptionOf(search.site).tunnel;
  if (read.value !== undefined && adopted === undefined && wasAdopted(search, TUNNEL)) {
    return blockedBy(adoptionRemoved(`the tunnel ${id}`, { tunnel: id }));
  }
  const asFound = adopted === id ? keptAsFound(TUNNEL, undefined) : {};
  return read.value === undefined ? { ...NOTHING, asFound } : withToken(search, id, { ...NOTHING, asFound });
}

async function checkAdopted(search: Search, id: string): Promise<PreflightFinding> {
  const read = await readTunnel(search, id);
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const tunnel = read.value;
  if (tunnel === undefined || tunnel.deleted_at || tunnel.config_src === "local") {
    return adoptedMissing(`tunnel ${id} that Cloudflare configures`);
  }
  const { accountId } = search.account;
  const config = await configurationOf(search, id);
  if ("obstacle" in config) return blockedBy(config.obstacle);
  const asFound = keptAsFound(TUNNEL, tunnelAsFound(accountId, id, config.value));
  return withToken(search, id, { ...importing(TUNNEL, `${accountId}/${id}`), asFound });
}

/**
 * A tunnel of the stack's name that is not in the state: made by a run whose response was lost or which was killed. It
 * is the stack's own only where Cloudflare configures it, and it either leads to hostnames of this stack, or to none
 * and was never run. The name alone is no proof, since any user of the account can give it to a tunnel. Earlier
 * versions named it without the zone; such a tunnel is the stack's own where a hostname of the stack leads through it.
 */
async function findNamed(search: Search, ledTo: readonly string[]): Promise<PreflightFinding> {
  const { api, site, account } = search;
  const name = tunnelName(site);
  const read = await Promise.all(
    [name, ownerMark(site)].map((wanted) =>
      reading("the tunnels of the account", PERMISSION, async () => {
        const query = { account_id: account.accountId, is_deleted: false, name: wanted };
        const found: readonly ListedTunnel[] = (await api.zeroTrust.tunnels.cloudflared.list(query)).result;
        return found.filter((tunnel) => tunnel.name === wanted);
      }),
    ),
  );
  for (const list of read) if ("obstacle" in list) return blockedBy(list.obstacle);
  for (const tunnel of read.flatMap((list) => ("value" in list ? list.value : []))) {
    const { id } = tunnel;
    if (id === undefined) continue;
    const hostnames = tunnel.config_src === "local" ? { value: [] } : await hostnamesOf(search, id);
    if ("obstacle" in hostnames) return blockedBy(hostnames.obstacle);
    const leadsToUs = ledTo.includes(id) || hostnames.value.some((hostname) => siteHostnames(site).includes(hostname));
    const unused = hostnames.value.length === 0 && tunnel.status === "inactive";
    const own = tunnel.config_src !== "local" && (leadsToUs || (tunnel.name === name && unused));
    if (own) return withToken(search, id, importing(TUNNEL, `${account.accountId}/${id}`));
    // a tunnel with the name of an earlier version is no obstacle
    if (tunnel.name === name) return blockedBy(taken(id, name, tunnel, hostnames.value));
  }
  return NOTHING;
}

function taken(id: string, name: string, { config_src, status }: ListedTunnel, hostnames: readonly string[]) {
  const use =
    config_src === "local"
      ? "it is configured on its connectors"
      : hostnames.length > 0
        ? `it leads to ${hostnames.join(", ")}, which this stack does not have`
        : `it is ${status ?? "in use"}, although this stack never configured it`;
  return {
    code: "tunnel_taken",
    found: `the account has a tunnel "${name}" (${id}) already, and ${use}`,
    fix: "Delete it if it is not needed, or give the stack another name.",
  };
}

/** Hostnames in the tunnel's configuration; none where it has no configuration. */
async function hostnamesOf(search: Search, id: string): Promise<ReadResult<readonly string[]>> {
  const read = await configurationOf(search, id);
  if ("obstacle" in read) return read;
  return { value: (read.value?.ingress ?? []).flatMap(({ hostname }) => (hostname ? [hostname] : [])) };
}

function configurationOf({ api, account }: Search, id: string) {
  return reading("the configuration of the tunnel", PERMISSION, async () => {
    const place = { account_id: account.accountId };
    return (await api.zeroTrust.tunnels.cloudflared.configurations.get(id, place)).config;
  });
}

function readTunnel({ api, account }: Search, id: string): Promise<ReadResult<ListedTunnel | undefined>> {
  return reading("the tunnels of the account", PERMISSION, () =>
    unlessMissing(api.zeroTrust.tunnels.cloudflared.get(id, { account_id: account.accountId })),
  );
}

/**
 * The program reads the tunnel's token, for which the permission to read tunnels is not enough. Found here, it is not a
 * failure halfway.
 */
async function withToken({ api, account }: Search, id: string, finding: PreflightFinding): Promise<PreflightFinding> {
  const read = await reading("the tunnel's token", PERMISSION, async () => {
    await api.zeroTrust.tunnels.cloudflared.token.get(id, { account_id: account.accountId });
  });
  return "obstacle" in read ? blockedBy(read.obstacle) : finding;
}
