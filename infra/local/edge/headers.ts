/**
 * What the edge does to header lines (https://developers.cloudflare.com/fundamentals/reference/http-headers/). Lines
 * are pairs of byte strings in the order and case received; several lines of one name stay several.
 */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** Headers of one connection, which no proxy passes on (RFC 9110, 7.6.1), and those that end with the edge. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Header names that only the edge may set; a client's are dropped. So is every `cf-` header. */
const EDGE_ONLY_NAMES: ReadonlySet<string> = new Set([
  "x-real-ip",
  "true-client-ip",
  "x-forwarded-proto",
  "local-visitor",
]);

/** nginx calls other names invalid and drops them, and so does Cloudflare. */
const VALID_NAME = /^[A-Za-z0-9_-]+$/;

/** Node's flat list of names and values as lines. */
export function linesOf(raw: readonly string[]): HeaderLines {
  const lines: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) lines.push([raw[at] ?? "", raw[at + 1] ?? ""]);
  return lines;
}

/** The values of all lines of a name, in order; the name in lower case. */
export function valuesOf(lines: HeaderLines, name: string): string[] {
  return lines.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}

/** Names that `Connection` declares as belonging to this connection alone. */
function declaredHopByHop(lines: HeaderLines): ReadonlySet<string> {
  const names = valuesOf(lines, "connection").flatMap((value) => value.split(","));
  return new Set(names.map((name) => name.trim().toLowerCase()));
}

/** What the origin gets to know about a visitor. */
export interface ForwardedVisitor {
  /** Its address. */
  readonly ip: string;
  readonly ray: string;
  /** How the client reached the edge. */
  readonly scheme: "http" | "https";
  /** ISO 3166-1 alpha-2; only where one was given. */
  readonly country?: string;
  /** What Access says of the client; only where an application covers the request. */
  readonly assertion?: string;
}

/**
 * The header lines that the origin gets. What the client sent under a name of the edge is dropped, in any case and with
 * underscores for hyphens. As at Cloudflare, the client's address is appended to its `X-Forwarded-For`, of which
 * therefore only the last entry means anything, and other `X-Forwarded-` headers are the client's own: a local edge
 * that dropped them would hide an origin that trusts them.
 */
export function requestLines(lines: HeaderLines, visitor: ForwardedVisitor): [string, string][] {
  const declared = declaredHopByHop(lines);
  const kept: [string, string][] = [];
  const forwardedFor: string[] = [];
  const loops: string[] = [];
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    const canonical = lower.replaceAll("_", "-");
    if (!VALID_NAME.test(name) || HOP_BY_HOP.has(lower) || lower === "host" || lower === "expect") continue;
    if (canonical.startsWith("cf-") || EDGE_ONLY_NAMES.has(canonical)) continue;
    if (canonical === "x-forwarded-for") {
      if (lower === canonical) forwardedFor.push(value);
    } else if (canonical === "cdn-loop") loops.push(value);
    // a client must not make the edge drop headers that the edge sets, nor the length of the body
    else if (!declared.has(lower) || lower === "content-length") kept.push([name, value]);
  }
  kept.push(
    ["CF-Ray", visitor.ray],
    ["CF-Connecting-IP", visitor.ip],
    ["X-Forwarded-For", [...forwardedFor, visitor.ip].join(",")],
    ["X-Forwarded-Proto", visitor.scheme],
    ["CF-Visitor", JSON.stringify({ scheme: visitor.scheme })],
    ["CDN-Loop", [...loops, "cloudflare; loops=1"].join(", ")],
  );
  if (visitor.country !== undefined) kept.push(["CF-IPCountry", visitor.country]);
  if (visitor.assertion !== undefined) kept.push(["Cf-Access-Jwt-Assertion", visitor.assertion]);
  return kept;
}

/** Header lines of a response that the edge replaces by its own. */
const REPLACED: ReadonlySet<string> = new Set(["server", "cf-ray", "cf-cache-status"]);
/** Instructions to the proxy, which Cloudflare removes. */
const REMOVED: ReadonlySet<string> = new Set([
  "x-accel-buffering",
  "x-accel-charset",
  "x-accel-limit-rate",
  "x-accel-redirect",
]);

export interface EdgeHeaderValues {
  readonly ray: string;
  readonly cacheStatus: "DYNAMIC" | "BYPASS";
}

/** The header lines that the client gets with a response of the origin. */
export function responseLines(lines: HeaderLines, { ray, cacheStatus }: EdgeHeaderValues): [string, string][] {
  const declared = declaredHopByHop(lines);
  const kept = lines.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !declared.has(lower) && !REPLACED.has(lower) && !REMOVED.has(lower);
  });
  return [
    ...kept.map(([name, value]): [string, string] => [name, value]),
    ...edgeLines(ray),
    ["CF-Cache-Status", cacheStatus],
  ];
}

/** The header lines of every response. */
export function edgeLines(ray: string): [string, string][] {
  return [
    ["Server", "cloudflare"],
    ["CF-Ray", ray],
  ];
}
