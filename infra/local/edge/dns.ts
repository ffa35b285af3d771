import { isIP } from "node:net";
import type { Cloud, DnsRecord, Zone } from "../api/state.ts";

/** Where a hostname leads. */
export type HostRoute =
  /** Proxied: the rules of the zone apply, and the origin is behind this tunnel. */
  | { readonly kind: "tunnel"; readonly zone: Zone; readonly tunnelId: string }
  /** Proxied, to something that this edge cannot reach. */
  | { readonly kind: "elsewhere"; readonly zone: Zone; readonly target: string }
  /** DNS only: visitors connect to the target without Cloudflare between. */
  | { readonly kind: "unproxied"; readonly zone: Zone }
  | { readonly kind: "no-record"; readonly zone: Zone }
  | { readonly kind: "no-zone" }
  | { readonly kind: "address" };

const TUNNEL = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.cfargotunnel\.com\.?$/i;
const ADDRESSABLE: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME"]);

/** Looks a hostname (without port) up in the zones of the account, as Cloudflare's resolver and edge would. */
export function resolve(cloud: Pick<Cloud, "zoneOf">, hostname: string): HostRoute {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (isIP(name.replace(/^\[|\]$/g, ""))) return { kind: "address" };
  const zone = cloud.zoneOf(name);
  if (!zone) return { kind: "no-zone" };
  const records = recordsOf(zone, name).filter((record) => ADDRESSABLE.has(record.type));
  const proxied = records.find((record) => record.proxied);
  if (!proxied) return { kind: records.length > 0 ? "unproxied" : "no-record", zone };
  const tunnelId = TUNNEL.exec(proxied.content)?.[1];
  return tunnelId === undefined
    ? { kind: "elsewhere", zone, target: proxied.content }
    : { kind: "tunnel", zone, tunnelId: tunnelId.toLowerCase() };
}

/** The records of a name: its own, else those of the wildcard below its closest existing ancestor (RFC 4592). */
function recordsOf(zone: Zone, name: string): readonly DnsRecord[] {
  const at = (owner: string) => zone.records.filter((record) => record.name.toLowerCase() === owner);
  const own = at(name);
  if (own.length > 0) return own;
  let parent = name;
  while (parent !== zone.name && parent.includes(".")) {
    parent = parent.slice(parent.indexOf(".") + 1);
    const wildcard = at(`*.${parent}`);
    if (wildcard.length > 0) return wildcard;
    if (zone.records.some(({ name: other }) => other === parent || other.endsWith(`.${parent}`))) return [];
  }
  return [];
}
