import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Days for which a browser keeps the cookie; it opens nothing after the console has ended. */
const COOKIE_DAYS = 7;

/**
 * Who may use a console: a browser that has shown the token of its address. The token is exchanged once, for a cookie,
 * so that neither the history of the browser nor a copied address opens the console.
 */
export class ConsoleSession {
  /** 256 bits, for the address that is printed. */
  readonly token = secret();
  readonly #cookie = secret();
  readonly #cookieName: string;
  #isTokenUsed = false;

  /** Cookies do not tell ports of a host apart, so the name does. */
  constructor(port: number) {
    this.#cookieName = `causeway_console_${port}`;
  }

  /** The value of `Set-Cookie` for the right token, the first time; undefined for any other, and for the next time. */
  exchange(token: string): string | undefined {
    if (!isEqual(token, this.token) || this.#isTokenUsed) return undefined;
    this.#isTokenUsed = true;
    const seconds = COOKIE_DAYS * 86_400;
    return `${this.#cookieName}=${this.#cookie}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;
  }

  /** Whether a header `Cookie` has the session's cookie. */
  has(header: string | undefined): boolean {
    const pairs = (header ?? "").split(";").map((pair) => pair.trim().split("="));
    return pairs.some(([name, value = ""]) => name === this.#cookieName && isEqual(value, this.#cookie));
  }
}

const secret = (): string => randomBytes(32).toString("base64url");

/** Compares digests, which have one length, so that the time says nothing about the value. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
