import type { Socket } from "node:net";
import { fromBytes, mergeVisitors, parseVisitor, type Visitor } from "../../rules/index.ts";
import { type HeaderLines, valuesOf } from "./headers.ts";

/**
 * `Local-Visitor: ip=203.0.113.7; country=DE` sets for one request what Cloudflare would know of its visitor. Only a
 * program on this machine may set it, and only for a local hostname.
 */
const NAME = "local-visitor";

/**
 * Names of headers that only a proxy sends, with hyphens: the request comes from elsewhere, though the connection is
 * of this machine.
 */
const PROXY_HEADERS =
  /^(cf-connecting-ip(v6)?|cf-ray|cdn-loop|forwarded|via|true-client-ip|client-ip|fastly-client-ip|x-client-ip|x-cluster-client-ip|x-original-(for|host|proto)|x-real-(ip|port)|x-forwarded(-.*)?|x-envoy-.*|x-proxyuser-ip)$/;
const LOOPBACK = /^(::1|(::ffff:)?127\.[0-9.]+)$/i;
const LOCAL_NAME = /^([^.]+\.)*localhost\.?$/i;

/**
 * Header lines without `Local-Visitor`, and its values. A spelling that an origin could read as the name goes as
 * well.
 */
export function takeLocalVisitor(lines: HeaderLines): {
  readonly lines: HeaderLines;
  readonly values: readonly string[];
} {
  const values = valuesOf(lines, NAME);
  const others = lines.filter(([name]) => withHyphens(name) !== NAME);
  return { lines: others.length === lines.length ? lines : others, values };
}

/** Whether the header counts: on a loopback connection, for a local hostname, not through a proxy. */
export const trustsLocalVisitor = (socket: SocketEnds, host: string, lines: HeaderLines): boolean =>
  LOCAL_NAME.test(host) && isLocalConnection(socket, lines);

type SocketEnds = Pick<Socket, "localAddress" | "remoteAddress">;

/** Whether both ends of a connection are on this machine, and the request shows no proxy between. */
export function isLocalConnection({ localAddress = "", remoteAddress = "" }: SocketEnds, lines: HeaderLines): boolean {
  const isForwarded = lines.some(([name]) => PROXY_HEADERS.test(withHyphens(name)));
  return LOOPBACK.test(localAddress) && LOOPBACK.test(remoteAddress) && !isForwarded;
}

/** A header's name as it may be read by an origin, such as one behind CGI, that takes `_` for `-`. */
const withHyphens = (name: string): string => name.toLowerCase().replaceAll("_", "-");

export type LocalVisitor =
  | { readonly ok: true; readonly visitor: Visitor | undefined }
  | {
      readonly ok: false;
      /** What is wrong with the header and what it may hold, in a sentence without a full stop. */
      readonly message: string;
    };

/** The visitor of a request: `defaultVisitor`, with the values of the header added or replaced. */
export function localVisitor(values: readonly string[], defaultVisitor: Visitor | undefined): LocalVisitor {
  const [value, ...more] = values;
  if (value === undefined) return { ok: true, visitor: defaultVisitor };
  if (more.length > 0) return { ok: false, message: `Local-Visitor is there ${values.length} times; send it once` };
  const parsed = parseVisitor(fromBytes(value) ?? value);
  if (!parsed.ok) return { ok: false, message: `Local-Visitor: ${parsed.message}` };
  return { ok: true, visitor: defaultVisitor ? mergeVisitors(defaultVisitor, parsed.visitor) : parsed.visitor };
}
