import { deepHostnames, isCovered } from "./deep-hostnames.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Search } from "./place.ts";
import { reading } from "./reading.ts";

const PERMISSION = "SSL and Certificates Read";
const PAGE = "https://developers.cloudflare.com/ssl/edge-certificates/advanced-certificate-manager/";

export interface CertificateFinding {
  readonly obstacles: readonly Obstacle[];
  readonly warnings: readonly string[];
}

/** A certificate at the edge, as far as it matters here. */
interface ListedPack {
  readonly hosts: readonly string[];
  readonly status: string;
}

/** Statuses of a certificate that will not be served any more. */
const OVER = /^(deleted|expired|inactive|deactivating|pending_deletion|pending_cleanup|.+_timed_out)$/;

/**
 * Looks whether the edge has a certificate for every hostname. Where the universal one is enough, nothing is read. A
 * hostname without a certificate is an obstacle; where that cannot be found out, or the hostname is deployed already,
 * it is a warning.
 */
export async function findCertificates(search: Search): Promise<CertificateFinding> {
  const { api, site, account, known } = search;
  const deep = deepHostnames(site);
  if (deep.length === 0) return { obstacles: [], warnings: [] };
  const universal = `the universal certificate covers ${site.zone.name} and *.${site.zone.name} only`;
  const read = await reading("the certificates of the zone", PERMISSION, async () => {
    const packs: ListedPack[] = [];
    for await (const pack of api.ssl.certificatePacks.list({ zone_id: account.zoneId, status: "all" }))
      packs.push(pack);
    const { enabled } = await api.acm.totalTLS.get({ zone_id: account.zoneId });
    return { packs: packs.filter(({ status }) => !OVER.test(status)), totalTls: enabled === true };
  });
  if ("obstacle" in read) {
    const warning =
      `Whether ${deep.join(", ")} has a certificate could not be read: ${read.obstacle.found}; ${universal}. Look ` +
      `at SSL/TLS, Edge Certificates in the dashboard, or give the token the permission "${PERMISSION}".`;
    return { obstacles: [], warnings: [warning] };
  }
  const { packs, totalTls } = read.value;
  const obstacles: Obstacle[] = [];
  const warnings: string[] = [];
  for (const hostname of deep) {
    const covering = packs.filter(({ hosts }) => isCovered(hosts, hostname));
    if (covering.some(({ status }) => status === "active")) continue;
    const [pending] = covering;
    if (pending !== undefined) {
      warnings.push(
        `The certificate for ${hostname} is not active yet (${pending.status}): until it is, browsers refuse the site.`,
      );
    } else if (totalTls) {
      warnings.push(
        `${hostname} has no certificate yet: ${universal}. Total TLS orders one once the record is there; look at ` +
          "SSL/TLS, Edge Certificates after the run.",
      );
    } else {
      const found = `${hostname} has no certificate, so that browsers refuse the site: ${universal}`;
      const flat = `${hostname.slice(0, -site.zone.name.length - 1).replaceAll(".", "-")}.${site.zone.name}`;
      const fix =
        `Use a hostname one label below the zone, such as ${flat}, or order an advanced certificate for ` +
        `${hostname} first: ${PAGE}`;
      // the run does not make it worse, and may be what repairs something else
      if (known[hostname] !== undefined) warnings.push(`${found}. ${fix}`);
      else obstacles.push({ code: "certificate_missing", found, fix });
    }
  }
  return { obstacles, warnings };
}
