/** What the values of the stack's configuration look like. */
import { isIP } from "node:net";

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
