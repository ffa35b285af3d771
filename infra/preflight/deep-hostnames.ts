import { type Site, siteHostnames } from "../policy/without-rules.ts";

/**
 * The hostnames that the universal certificate does not cover: it has the zone and one label below
 * (https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/).
 */
export const deepHostnames = (site: Pick<Site, "zone" | "hostnames" | "services">): readonly string[] =>
  siteHostnames(site).filter((hostname) => !isCovered([site.zone.name, `*.${site.zone.name}`], hostname));

/**
 * Whether one of a certificate's names covers the hostname: a wildcard matches exactly one label (RFC 6125, section
 * 6.4.3).
 */
export function isCovered(names: readonly string[], hostname: string): boolean {
  const parent = hostname.slice(hostname.indexOf("."));
  return names.some((name) => name === hostname || (name.startsWith("*.") && name.slice(1) === parent));
}
