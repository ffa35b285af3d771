/**
 * The refresh token's cookie: sent back to this host only and over TLS only (`__Host-`, RFC 6265bis 4.1.3.2), never
 * readable by a script, never sent along from another site.
 */
export const REFRESH_COOKIE = "__Host-refresh";

/** Seconds for which the browser keeps it: as long as a session can last. The store decides whether it is valid. */
const MAX_AGE_SECONDS = 30 * 24 * 60 * 60;
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";
/** The characters of refresh tokens. */
const TOKEN = /^[A-Za-z0-9._~-]{1,256}$/;

/** `Set-Cookie` that gives a browser its refresh token. */
export function refreshCookie(token: string): string {
  if (!TOKEN.test(token)) throw new Error("A refresh token has a character that a cookie cannot carry.");
  return `${REFRESH_COOKIE}=${token}; ${ATTRIBUTES}; Max-Age=${MAX_AGE_SECONDS}`;
}

/** `Set-Cookie` that removes it. */
export const noRefreshCookie = `${REFRESH_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;

/**
 * The refresh token in a `Cookie` header; undefined when there is none, when it is no possible token, or when there
 * are several.
 */
export function readRefreshCookie(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const values = header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${REFRESH_COOKIE}=`))
    .map((pair) => pair.slice(REFRESH_COOKIE.length + 1));
  const [value, another] = values;
  return value !== undefined && another === undefined && TOKEN.test(value) ? value : undefined;
}
