/** What the values of the stack's configuration look like. */
import { isIP } from "node:net";
import { posix } from "node:path";

export const isHexId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** Letters, digits and hyphens, at least two labels (RFC 1123); an underscore may start a label, as DNS allows. */
export const isHostname = (text: string): boolean =>
  text.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/.test(text);

/** The `*` is part of the first label: with another character in its place it is a hostname. */
export const isHostnameOrPattern = (text: string): boolean =>
  isHostname(text.replace(/^([^.*]*)\*/, (_, before: string) => `${before}a`));

export const isWithin = (hostname: string, zone: string): boolean => hostname === zone || hostname.endsWith(`.${zone}`);

/** What cloudflared takes as an HTTP service: scheme, host and port; a path is refused there. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.pathname === "/" &&
    `${url.search}${url.hash}${url.username}${url.password}` === "" &&
    !text.endsWith("/") &&
    (isIP(url.hostname.replace(/^\[|\]$/g, "")) > 0 || /^[a-z0-9.-]+$/.test(url.hostname))
  );
}

/**
 * What a valid origin reaches, in one spelling: host and port, or the path of a socket. All names and addresses of the
 * connector's own machine that are known without DNS are one host, as a server may listen at all of them. The scheme
 * does not count: a port has one server.
 */
export function destinationOf(origin: string): string {
  if (origin.startsWith("unix:")) return posix.normalize(origin.slice("unix:".length));
  const { hostname, port, protocol } = new URL(origin);
  const host = asIPv4(hostname) ?? hostname.replace(/\.$/, "");
  const isOwn = /^(?:(?:.*\.)?localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(host);
  return `${isOwn ? "localhost" : host}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;
}

/** The IPv4 address in an IPv6 one (RFC 4291, 2.5.5.2), as a URL writes that; undefined for any other host. */
function asIPv4(hostname: string): string | undefined {
  const groups = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname)?.slice(1);
  return groups
    ?.map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join(".");
}
