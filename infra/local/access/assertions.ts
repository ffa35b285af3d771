import { createHash } from "node:crypto";
import type { StoredAccessApp, StoredAccessPolicy } from "../api/access/index.ts";
import { parseDuration } from "../api/access/index.ts";
import type { AccessAccount } from "../api/state.ts";
import { cookieValues } from "./cookies.ts";
import { type AccessRequest, headerValues } from "./outcome.ts";
import { type AccessSession, AccessSessions } from "./sessions.ts";
import { type PublicKey, SigningKeys } from "./signing-keys.ts";

/** The cookie of a session. */
export const SESSION_COOKIE = "CF_Authorization";

/** Milliseconds that an assertion for a service is used again: signing takes a millisecond of CPU. */
const REUSE_MS = 60_000;
/** Assertions for services that are kept. */
const MAX_REUSED = 256;

/** A session and the token that proves it. */
export interface FoundSession {
  readonly session: AccessSession;
  readonly token: string;
}

/**
 * Makes and checks assertions, with the claims of
 * https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/
 */
export class Assertions {
  readonly #keys = new SigningKeys();
  readonly #sessions = new AccessSessions();
  readonly #reused = new Map<string, { readonly token: string; readonly until: number }>();

  get publicKeys(): readonly PublicKey[] {
    return this.#keys.shown;
  }

  rotateKeys(): void {
    this.#keys.rotate();
    this.#reused.clear();
  }

  /** Starts a session, and returns the token for its cookie. */
  signIn(account: AccessAccount, session: AccessSession): string {
    const identity_nonce = this.#sessions.start(session);
    const iat = Math.floor(session.startedAt / 1000);
    return this.#keys.sign({
      aud: [session.aud],
      email: session.email,
      exp: Math.floor(session.endsAt / 1000),
      iat,
      nbf: iat,
      iss: issuerOf(account),
      type: "app",
      identity_nonce,
      sub: session.sub,
      ...(session.country === undefined ? {} : { country: session.country }),
    });
  }

  /** Ends the sessions of an address, in every application of the account. */
  signOut(session: AccessSession): void {
    this.#sessions.endAllOf(session);
  }

  /** The session that a request's cookie proves; of one application, where its audience is given. */
  sessionOf(request: AccessRequest, account: AccessAccount, aud?: string): FoundSession | undefined {
    for (const token of cookieValues(headerValues(request, "cookie"), SESSION_COOKIE)) {
      const claims = this.#keys.verify(token, { issuer: issuerOf(account), now: request.time });
      const nonce = claims?.identity_nonce;
      if (claims?.type !== "app" || typeof nonce !== "string") continue;
      const session = this.#sessions.get(nonce, request.time);
      if (session?.accountId === account.id && (aud === undefined || session.aud === aud)) return { session, token };
    }
    return undefined;
  }

  /** The assertion for a request that no person signed in for; `clientId` of its service token, if it has one. */
  forService(
    account: AccessAccount,
    { aud, endsAt }: Pick<AccessSession, "aud" | "endsAt">,
    now: number,
    clientId = "",
  ): string {
    const key = `${account.id} ${aud} ${clientId} ${endsAt - now}`;
    const known = this.#reused.get(key);
    if (known && known.until > now) return known.token;
    const token = this.#keys.sign({
      type: "app",
      aud: [aud],
      exp: Math.floor(endsAt / 1000),
      iss: issuerOf(account),
      common_name: clientId,
      iat: Math.floor(now / 1000),
      sub: "",
    });
    if (this.#reused.size >= MAX_REUSED) this.#reused.clear();
    // one that ends sooner is used until half of its time is over
    this.#reused.set(key, { token, until: now + Math.min(REUSE_MS, (endsAt - now) / 2) });
    return token;
  }
}

const issuerOf = ({ access }: AccessAccount): string => `https://${access.organization.auth_domain}`;

/** Milliseconds that a session lasts: the policy's time, else the application's; a second at least. */
export function sessionMs({ session_duration }: StoredAccessApp, policy: StoredAccessPolicy): number {
  return Math.max(1000, parseDuration(policy.session_duration ?? session_duration) ?? 0);
}

/** The id of a user: the same for an address and an account (a UUID of version 8, RFC 9562). */
export function subjectId({ id }: AccessAccount, email: string): string {
  const hex = createHash("sha256").update(`${id} ${email}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
