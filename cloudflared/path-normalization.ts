/**
 * cloudflared's path normalization: where a rule of the ingress requires Access, all rules see the decoded path without
 * dot segments and double slashes, and the origin gets the path as it was sent. cloudflared 2026.10.0 has it off by
 * default, releases from 2027-01-25 on have it on
 * (https://developers.cloudflare.com/changelog/post/2026-10-22-cloudflared-path-normalization/).
 *
 * Connectors that the kit starts have it off, unless this variable is false. The kit's rules respond with 404 to paths
 * that can be read in two ways, and have to see them for that: cleaned, `/admin/%2f..` is `/`, which no rule protects,
 * while an origin may serve it as a part of `/admin`. A cloudflared older than 2026.10.0 ignores the variable.
 */
export const DISABLE_PATH_NORMALIZATION = "TUNNEL_DISABLE_PATH_NORMALIZATION";

/** Whether it is off: unless the environment turns it on, by the words for false of Go's strconv.ParseBool. */
export function isPathNormalizationDisabled(env: NodeJS.ProcessEnv): boolean {
  return !/^(0|f|F|FALSE|false|False)$/.test(env[DISABLE_PATH_NORMALIZATION] ?? "");
}
