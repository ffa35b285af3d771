import { hash, timingSafeEqual } from "node:crypto";
import { type Role, rolesUpTo } from "../surface/roles.ts";
import {
  ACCESS_TOKEN_SECONDS,
  type PublicJwk,
  readSealedToken,
  signAccessToken,
  type TokenIdentity,
  verifyAccessToken,
} from "./access-token.ts";
import { createKeyRing, type KeyRing } from "./key-ring.ts";
import { isLive, type Session } from "./session.ts";
import type { AuthStore } from "./store.ts";

/** Verified tokens kept in memory; beyond it the oldest goes and is verified again when it comes back. */
const MAX_REMEMBERED = 10_000;
/** Milliseconds for which a verified token counts without asking the store, on a node that gets no events of others. */
const TRUSTED_MS = 1000;

/** Keys distinguish the tokens of deployments; issuer and audience distinguish access tokens from other tokens. */
const SCOPE = { issuer: "causeway", audience: "causeway" };

interface Remembered {
  identity: TokenIdentity;
  checkedAt: number;
}

/** What access tokens need of the store. */
type TokenStore = Pick<AuthStore, "keys"> & { readonly sessions: Pick<AuthStore["sessions"], "find"> };

/** Loads the signing keys, making the first. */
export async function createAccessTokens(store: TokenStore, clock: () => number): Promise<AccessTokens> {
  return new AccessTokens(store, await createKeyRing(store, clock), clock);
}

/**
 * Issues and verifies access tokens. Keeps what has been verified until it expires, so that a request costs no
 * verification of a signature.
 */
export class AccessTokens {
  readonly #store: TokenStore;
  readonly #ring: KeyRing;
  readonly #clock: () => number;
  readonly #remembered = new Map<string, Remembered>();
  /** The remembered tokens of each session, so that forgetting a session does not search all of them. */
  readonly #tokensOfSession = new Map<string, Set<string>>();
  /** Sessions that ended, until the last token of each has expired; in the order of that time. */
  readonly #ended = new Map<string, number>();
  /** When `distrustVerified` was last called: what was verified before is checked again. */
  #distrustedAt = -Infinity;
  /** Number of calls of `recheck`. */
  #rechecks = 0;

  constructor(store: TokenStore, ring: KeyRing, clock: () => number) {
    this.#store = store;
    this.#ring = ring;
    this.#clock = clock;
  }

  async issue(user: { id: string; role: Role }, sid: string): Promise<{ accessToken: string; expiresIn: number }> {
    const claims = { id: user.id, roles: rolesUpTo(user.role), sid };
    const { token } = signAccessToken(claims, SCOPE, await this.#ring.signing(), this.#clock());
    return { accessToken: token, expiresIn: ACCESS_TOKEN_SECONDS };
  }

  /** Undefined unless it is a token of this site whose session is live; the roles are those the user has now. */
  async verify(token: string): Promise<TokenIdentity | undefined> {
    const known = this.#remembered.get(token);
    const now = this.#clock();
    if (known && known.identity.expiresAt <= now) {
      this.#drop(token);
      return undefined;
    }
    // not when the clock was set back: then it is unknown how long ago the store was asked
    const isFresh = known && now >= known.checkedAt && now - known.checkedAt < TRUSTED_MS;
    if (isFresh && known.checkedAt > this.#distrustedAt) return known.identity;
    const before = this.#rechecks;
    const identity = await (known ? this.#readCurrent(known.identity) : this.#verifyUnknown(token, now));
    // the session may have ended while the store was asked
    if (identity === undefined || this.#ended.has(identity.sid)) {
      this.#drop(token);
      return undefined;
    }
    // and the role may have changed
    this.#keep(token, identity, this.#rechecks === before ? now : -Infinity);
    return identity;
  }

  /** Refuses the session's tokens from now on. */
  forget(sid: string): void {
    const now = this.#clock();
    for (const [past, until] of this.#ended) {
      if (until > now) break;
      this.#ended.delete(past);
    }
    this.#ended.delete(sid);
    this.#ended.set(sid, now + ACCESS_TOKEN_SECONDS * 1000);
    for (const token of this.#tokensOfSession.get(sid) ?? []) this.#drop(token);
  }

  /** Asks the store again before the user's tokens count the next time. */
  recheck(userId: string): void {
    this.#rechecks += 1;
    for (const known of this.#remembered.values()) if (known.identity.id === userId) known.checkedAt = -Infinity;
  }

  /** Checks everything that was verified so far in the store again, before it counts the next time. */
  distrustVerified(): void {
    this.#distrustedAt = this.#clock();
  }

  jwks(): Promise<readonly PublicJwk[]> {
    return this.#ring.jwks();
  }

  /**
   * Verifies a token that this process has not met before. The session has to be looked up anyway, and its row has the
   * hash of the newest access token that was issued for it: a token with this hash is that token, to the last byte, and
   * its signature needs no verification, which is a fifth of what a client costs that comes back after a restart. The
   * signature decides about every other one: those before the newest, those of `auth.generateToken`, and forgeries.
   *
   * A client that invents tokens must not make the store work. So the signature comes first unless the claims have our
   * seal (`token-seal.ts`), which a client has only with a token that was issued to it and has not expired. Such a
   * client may make the store look up its session: with that token, as before, and with any other signature under the
   * same claims. Such an attempt costs the verification too, attempts of the same few milliseconds share one look-up
   * by key (`groupLookups`), and the caps on requests, handshakes and fresh tokens count it before it comes here. A
   * hash that an attacker writes into the database makes no token valid without the seal, which only a signing key
   * makes.
   *
   * Everything else is decided as for every token: its form, key, scope, claims and expiry before the store is asked,
   * session, account and roles by what the store says now.
   */
  async #verifyUnknown(token: string, now: number): Promise<TokenIdentity | undefined> {
    const keys = await this.#ring.verifying();
    const sealed = readSealedToken(token, SCOPE, keys, now);
    const claimed = sealed ?? verifyAccessToken(token, SCOPE, keys, now);
    if (!claimed) return undefined;
    const isGenuine = ({ accessHash: newest }: Session) =>
      !sealed || isHashOf(newest, token) || verifyAccessToken(token, SCOPE, keys, now) !== undefined;
    return this.#readCurrent(claimed, isGenuine);
  }

  /**
   * The identity with the roles that the user has now; undefined when the session or the account has ended, or the
   * token is not genuine by its session.
   */
  async #readCurrent(
    identity: TokenIdentity,
    isGenuine: (session: Session) => boolean = () => true,
  ): Promise<TokenIdentity | undefined> {
    const found = await this.#store.sessions.find(identity.sid);
    if (!found || found.session.userId !== identity.id || found.disabledAt !== null) return undefined;
    if (!isLive(found.session, this.#clock()) || !isGenuine(found.session)) return undefined;
    return { ...identity, roles: rolesUpTo(found.role) };
  }

  #keep(token: string, identity: TokenIdentity, checkedAt: number): void {
    this.#drop(token);
    const [oldest] = this.#remembered.size >= MAX_REMEMBERED ? this.#remembered.keys() : [];
    if (oldest !== undefined) this.#drop(oldest);
    this.#remembered.set(token, { identity, checkedAt });
    const tokens = this.#tokensOfSession.get(identity.sid) ?? new Set();
    this.#tokensOfSession.set(identity.sid, tokens.add(token));
  }

  #drop(token: string): void {
    const sid = this.#remembered.get(token)?.identity.sid;
    if (sid === undefined) return;
    this.#remembered.delete(token);
    const tokens = this.#tokensOfSession.get(sid);
    tokens?.delete(token);
    if (tokens?.size === 0) this.#tokensOfSession.delete(sid);
  }
}

/** What a session's row keeps of its newest access token: SHA-256, base64url. */
export const accessHash = (token: string): string => hash("sha256", token, "base64url");

/** Whether a hash is that of the token; compared in constant time. */
function isHashOf(stored: string | null, token: string): boolean {
  if (stored === null) return false;
  const known = Buffer.from(stored, "base64url");
  const own = hash("sha256", token, "buffer");
  return known.length === own.length && timingSafeEqual(known, own);
}
