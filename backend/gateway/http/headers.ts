/**
 * The headers of every response. HSTS is without subdomains, because the zone may have other sites; browsers ignore it
 * without TLS (RFC 6797 8.1).
 */
const baseHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** The headers of every response that is no page: it may not be cached, run or framed. */
export const apiHeaders = {
  ...baseHeaders,
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "content-type": "application/json; charset=utf-8",
} as const;

const CONNECT_SRC = "connect-src 'self'";

/** The headers of the page and its files: only files of this site run, nothing inline, and no site may frame it. */
export const pageHeaders = {
  ...baseHeaders,
  "cache-control": "no-cache",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:", // pictures of users are read with an access token
    CONNECT_SRC,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
} as const;

/** The same for a page that may connect to another address besides its own site. */
export const pageHeadersWith = (address: string): typeof pageHeaders => ({
  ...pageHeaders,
  "content-security-policy": pageHeaders["content-security-policy"].replace(CONNECT_SRC, `${CONNECT_SRC} ${address}`),
});

/** The headers of a file whose URL has a hash of its content: browsers and the edge keep it (RFC 8246). */
export const lastingHeaders = { "cache-control": "public, max-age=31536000, immutable" } as const;
