/** Cookies of a request and of a response (RFC 6265). */

/** Characters of the Cookie header that are read; what is beyond does not count. */
const MAX_COOKIE_LENGTH = 16_384;
/** Cookies of one name that are tried. */
const MAX_OF_ONE_NAME = 4;

/** The values of a cookie, in the order of the header lines; a client may send several of one name. */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (const part of headers.join(";").slice(0, MAX_COOKIE_LENGTH).split(";")) {
    const at = part.indexOf("=");
    if (at < 0 || part.slice(0, at).trim() !== name) continue;
    const value = part.slice(at + 1).trim();
    values.push(value.replace(/^"(.*)"$/, "$1"));
    if (values.length === MAX_OF_ONE_NAME) break;
  }
  return values;
}

interface CookieAttributes {
  readonly maxAgeSeconds: number;
  readonly path?: string;
  readonly httpOnly?: boolean;
  readonly sameSite?: "Lax" | "Strict";
}

/**
 * A Set-Cookie value. The local edge speaks HTTP without TLS, so the cookie is not `Secure`, and without that browsers
 * take no `SameSite=None`: Cloudflare's default is `Lax` here.
 */
export function setCookie(name: string, value: string, attributes: CookieAttributes): string {
  const { maxAgeSeconds, path = "/", httpOnly = true, sameSite = "Lax" } = attributes;
  const parts = [`${name}=${value}`, `Path=${path}`, `Max-Age=${maxAgeSeconds}`, `SameSite=${sameSite}`];
  return [...parts, ...(httpOnly ? ["HttpOnly"] : [])].join("; ");
}
