import type { IncomingMessage } from "node:http";
import { type HeaderLines, valuesOf } from "./headers.ts";
import { MAX_HEADER_LINE_BYTES, MAX_URI_BYTES } from "./limits.ts";

/** Host and path of a request; byte strings, as received. */
export interface RequestTarget {
  /** Host with its port, if any: what the origin gets. */
  readonly authority: string;
  /** Without port, for DNS and rules: the listener's port counts as Cloudflare's 443. */
  readonly host: string;
  /** Path and query. */
  readonly uri: string;
}

/** Why a request is refused before its target is looked up. */
export interface TargetRefusal {
  readonly status: number;
  readonly message: string;
}

const AUTHORITY = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~-]+)(?::([0-9]{1,5}))?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/** The host of `HOST:PORT` without its port; undefined where it is no name and no address. */
export function hostOf(authority: string): string | undefined {
  return AUTHORITY.exec(authority)?.[1];
}

/**
 * Reads target and host, and refuses what servers could understand differently (RFC 9112, 3.2, 6.1, 11.2): two hosts, a
 * length beside chunks, chunks in HTTP/1.0. Node's parser refuses most of this itself; this check does not depend on
 * it.
 */
export function readTarget(request: IncomingMessage, lines: HeaderLines): RequestTarget | TargetRefusal {
  const { httpVersion } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0")
    return { status: 505, message: `HTTP/${httpVersion} is not spoken here` };
  const target = request.url ?? "";
  if (target.length > MAX_URI_BYTES)
    return { status: 414, message: `the request target exceeds ${MAX_URI_BYTES} bytes` };
  if (lines.some(([, value]) => value.length > MAX_HEADER_LINE_BYTES))
    return { status: 431, message: `a header line exceeds ${MAX_HEADER_LINE_BYTES} bytes` };
  const refused = refuseFraming(request, lines);
  if (refused) return refused;
  const hosts = valuesOf(lines, "host");
  const [host] = hosts;
  if (hosts.length !== 1 || host === undefined) return { status: 400, message: "a request needs exactly one Host" };
  const absolute = ABSOLUTE.exec(target);
  const authority = absolute?.[1] ?? host;
  const read = AUTHORITY.exec(authority);
  if (!read || !AUTHORITY.test(host)) return { status: 400, message: "the host is no name, address or port" };
  const uri = originForm(request.method ?? "", absolute ? (absolute[2] ?? "") : target);
  if (uri === undefined) return { status: 400, message: "the request target is neither a path nor a URL" };
  return { authority, host: read[1] ?? "", uri };
}

function refuseFraming(request: IncomingMessage, lines: HeaderLines): TargetRefusal | undefined {
  const lengths = valuesOf(lines, "content-length");
  const encodings = valuesOf(lines, "transfer-encoding");
  const refuse = (message: string): TargetRefusal => ({ status: 400, message });
  if (lengths.length > 1 || lengths.some((length) => !/^[0-9]{1,15}$/.test(length))) {
    return refuse("Content-Length must be one number");
  }
  if (encodings.length === 0) return undefined;
  if (lengths.length > 0) return refuse("Content-Length beside Transfer-Encoding");
  if (request.httpVersion === "1.0") return refuse("Transfer-Encoding in HTTP/1.0");
  if (encodings.length > 1 || encodings[0]?.toLowerCase() !== "chunked") {
    return refuse("Transfer-Encoding must be chunked alone");
  }
  return undefined;
}

function originForm(method: string, target: string): string | undefined {
  if (target === "*") return method === "OPTIONS" ? target : undefined;
  const path = target === "" || target.startsWith("?") ? `/${target}` : target;
  // clients send no fragment; an attacker may, so that two programs read the path differently
  return path.startsWith("/") && !path.includes("#") ? path : undefined;
}
