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

/** The headers of the page and its files: only files of this site run, nothing inline, and no site may frame it. */
export const pageHeaders = {
  ...baseHeaders,
  "cache-control": "no-cache",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:", // pictures of users are read with an access token
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
} as const;

/** The headers of a file whose URL has a hash of its content: browsers and the edge keep it (RFC 8246). */
export const lastingHeaders = { "cache-control": "public, max-age=31536000, immutable" } as const;
