import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Where a login leads. */
export interface LoginTarget {
  readonly accountId: string;
  readonly aud: string;
  /** Host and port of the application, as its visitor wrote them. */
  readonly authority: string;
  /** Path and query to return to. */
  readonly returnTo: string;
  /** SHA-256 in hex of the cookie `CF_AppSession`: the browser that began must be the one that ends. */
  readonly browser: string;
}

/** Milliseconds that a login may take; Cloudflare's own `meta` lasts as long. */
const LOGIN_MS = 300_000;
/** Milliseconds from the login page to the application. */
const CODE_MS = 60_000;
/** Codes at once; a new one ends the oldest. */
const MAX_CODES = 256;
/** Addresses that are tried in a minute, on the whole edge. */
const MAX_TRIES = 120;
const MINUTE_MS = 60_000;
/** Characters of a path that is returned to; with a longer one the visitor comes to `/`. */
const MAX_RETURN_LENGTH = 2048;

interface OneTimeCode<Value> {
  readonly value: Value;
  readonly endsAt: number;
}

/** Logins under way. Where they lead is signed, so that a link that another site made leads nowhere. */
export class LoginAttempts<Value> {
  readonly #secret = randomBytes(32);
  readonly #codes = new Map<string, OneTimeCode<Value>>();
  #window = { began: 0, tries: 0 };

  /** The signed form of a target, for the query of the login page. */
  seal(target: LoginTarget, now: number): string {
    const returnTo = target.returnTo.length > MAX_RETURN_LENGTH ? "/" : target.returnTo;
    const text = JSON.stringify({ ...target, returnTo, endsAt: now + LOGIN_MS });
    const payload = Buffer.from(text).toString("base64url");
    return `${payload}.${this.#mac(payload).toString("base64url")}`;
  }

  /** The target, if this edge has sealed it and the time is not over. */
  open(sealed: string, now: number): LoginTarget | undefined {
    const [payload = "", mac = "", ...more] = sealed.split(".");
    const given = Buffer.from(mac, "base64url");
    const right = this.#mac(payload);
    if (more.length > 0 || given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const { endsAt, ...target }: LoginTarget & { endsAt: number } = JSON.parse(
      Buffer.from(payload, "base64url").toString(),
    );
    return endsAt > now ? target : undefined;
  }

  /** Counts a try. False where there were too many in this minute. */
  take(now: number): boolean {
    if (now - this.#window.began >= MINUTE_MS || now < this.#window.began) this.#window = { began: now, tries: 0 };
    this.#window.tries += 1;
    return this.#window.tries <= MAX_TRIES;
  }

  /** A code that is good once, for a minute. */
  newCode(value: Value, now: number): string {
    const code = randomBytes(24).toString("base64url");
    this.#codes.set(code, { value, endsAt: now + CODE_MS });
    for (const [oldest] of this.#codes) {
      if (this.#codes.size <= MAX_CODES) break;
      this.#codes.delete(oldest);
    }
    return code;
  }

  /** What a code stands for. It is not good again, whatever the caller does with it. */
  redeem(code: string, now: number): Value | undefined {
    const found = this.#codes.get(code);
    this.#codes.delete(code);
    return found && found.endsAt > now ? found.value : undefined;
  }

  #mac(payload: string): Buffer {
    return createHmac("sha256", this.#secret).update(payload).digest();
  }
}

/** What a target keeps of the cookie `CF_AppSession`. */
export const browserDigest = (cookie: string): string => createHash("sha256").update(cookie).digest("hex");
