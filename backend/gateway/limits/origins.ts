import type { IncomingHttpHeaders } from "node:http";

/** The source of a request: `allowed` a page of this site, `foreign` a page of another site, `none` no page. */
export type OriginKind = "allowed" | "foreign" | "none";

/** Classifies the origin of a request by exact comparison (RFC 6454 6.2; Fetch Metadata). */
export function originClassifier(allowed: ReadonlySet<string>): (headers: IncomingHttpHeaders) => OriginKind {
  return ({ origin, "sec-fetch-site": site }) => {
    if (origin !== undefined) return allowed.has(origin) ? "allowed" : "foreign";
    // a browser sends the origin with every change and from every other site; without it, its own header decides
    if (site === "same-origin") return "allowed";
    return site === undefined || site === "none" ? "none" : "foreign";
  };
}

/** The addresses that a browser on this machine may use for a gateway that was given no origins. */
export function localOrigins(port: number): string[] {
  return [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}
