/** The path of a request as the ingress rules see it. The origin gets the path as the client sent it. */
import type { OriginRequest, TunnelConfiguration } from "../configuration.ts";

/**
 * The decoded path as a byte string, without the query; undefined where an escape is malformed.
 */
export function decodedPath(target: string): string | undefined {
  const path = target.split("?", 1)[0] ?? "";
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * A decoded path as cloudflared 2026.10.0 normalizes it: backslashes are slashes, dot segments are resolved (RFC 3986,
 * section 5.2.4), slashes in a row are one. A slash at the end stays, also that of `/.` and `/..`; case stays.
 */
export function normalizedPath(decoded: string): string {
  const path = decoded.replaceAll("\\", "/");
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const isFolder = /\/\.{0,2}$/.test(path);
  return `/${segments.join("/")}${isFolder && segments.length > 0 ? "/" : ""}`;
}

/**
 * Whether cloudflared normalizes paths for a configuration, where that is turned on: only where a rule, with the common
 * parameters that it does not have itself, requires Access
 * (https://developers.cloudflare.com/changelog/post/2026-10-22-cloudflared-path-normalization/).
 */
export function requiresAccess({ ingress, originRequest: common }: TunnelConfiguration): boolean {
  // null is a configuration without rules, as in cloudflared
  return (ingress ?? []).some((rule) => isAccessRequired(rule.originRequest) ?? isAccessRequired(common) ?? false);
}

/** Undefined where the parameters do not mention Access. */
function isAccessRequired(request: OriginRequest | null | undefined): boolean | undefined {
  const access = request?.access;
  if (typeof access !== "object" || access === null) return undefined;
  return "required" in access && access.required === true;
}
