/**
 * Parts of Cloudflare's API that the API on localhost does not have, by the start of their path in a zone or account.
 * The response is that of any unknown path, 404 with the code 7003, and says which part it is.
 */
export const absentParts: Readonly<Record<string, string>> = {
  alerting: "notifications",
  "argo/tiered_caching": "Tiered Cache",
  "cache/tiered_cache_smart_topology_enable": "Tiered Cache",
  "challenges/widgets": "Turnstile",
  dnssec: "DNSSEC",
  "firewall/access_rules": "IP Access rules",
  healthchecks: "Health Checks",
  managed_headers: "Managed Transforms",
  pagerules: "Page Rules",
  "r2/buckets": "R2",
  "teamnet/routes": "routes of private networks",
  url_normalization: "URL normalization",
};

/** The part that a path belongs to, where it is one of those; the path is under /client/v4. */
export function absentPartOf(path: string): string | undefined {
  const rest = /^\/(?:zones|accounts)\/[^/]+\/(.*)$/.exec(path)?.[1];
  if (rest === undefined) return undefined;
  return Object.entries(absentParts).find(([start]) => rest === start || rest.startsWith(`${start}/`))?.[1];
}
