import type { IncomingHttpHeaders } from "node:http";

/**
 * The source of a request by its `Origin`: `allowed` a page of ours in a browser; `foreign` a page of another site;
 * `none` no browser, or a plain navigation.
 */
export type OriginStanding = "allowed" | "foreign" | "none";

/** Classifies the origin of a request by exact comparison (RFC 6454 6.2; Fetch Metadata). */
export function originJudge(allowed: ReadonlySet<string>): (headers: IncomingHttpHeaders) => OriginStanding {
  return ({ origin, "sec-fetch-site": site }) => {
    if (origin !== undefined) return allowed.has(origin) ? "allowed" : "foreign";
    // a browser always names the origin when it changes something or comes from elsewhere; this catches the odd ones
    if (site === "same-origin") return "allowed";
    return site === undefined || site === "none" ? "none" : "foreign";
  };
}

/** The addresses that a browser on this machine may use for a gateway that was given no origins. */
export function localOrigins(port: number): string[] {
  return [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}
