/**
 * cloudflared's path normalization: rules of the ingress that require Access see the path without dot segments and
 * double slashes, so that no other spelling of it passes them by. cloudflared 2026.10.0 has it off by default, releases
 * from 2027-01-25 on have it on
 * (https://developers.cloudflare.com/changelog/post/2026-10-22-cloudflared-path-normalization/). Connectors that the
 * kit starts have it on, unless this variable is true; an older cloudflared ignores the variable.
 */
export const DISABLE_PATH_NORMALIZATION = "TUNNEL_DISABLE_PATH_NORMALIZATION";

/** Whether the environment turns it off, by the words for true of Go's strconv.ParseBool. */
export function isPathNormalizationDisabled(env: NodeJS.ProcessEnv): boolean {
  return /^(1|t|T|TRUE|true|True)$/.test(env[DISABLE_PATH_NORMALIZATION] ?? "");
}
