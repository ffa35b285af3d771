import { randomUUID } from "node:crypto";
import { type Role, rolesUpTo } from "../surface/roles.ts";
import {
  ACCESS_TOKEN_SECONDS,
  type PublicJwk,
  signAccessToken,
  type TokenIdentity,
  verifyAccessToken,
} from "./access-token.ts";
import { createKeyRing } from "./key-ring.ts";
import { isLive } from "./session.ts";
import type { AuthStore } from "./store.ts";

/** Verified tokens kept in memory; beyond it the oldest goes and is verified again when it comes back. */
const REMEMBERED = 10_000;
/**
 * Milliseconds for which a remembered token is believed without asking the store: how late a node without news may be.
 */
const BELIEVED = 1000;

/** Keys distinguish the tokens of deployments; issuer and audience distinguish access tokens from other tokens. */
const SCOPE = { issuer: "causeway", audience: "causeway" };

export interface AccessTokens {
  issue(user: { id: string; role: Role }, sid: string): Promise<{ accessToken: string; expiresIn: number }>;
  /** Undefined unless it is a token of this site whose session is live; the roles are those the user has now. */
  verify(token: string): Promise<TokenIdentity | undefined>;
  /** Refuses the session's tokens from now on. */
  forget(sid: string): void;
  /** Asks the store again before the user's tokens count the next time. */
  recheck(userId: string): void;
  /** Believes nothing that was known until now without asking the store. */
  doubt(): void;
  jwks(): Promise<readonly PublicJwk[]>;
}

interface Remembered {
  identity: TokenIdentity;
  checkedAt: number;
}

/**
 * Loads the signing keys, making the first, and keeps what has been verified until it expires, so that a request costs
 * no signature.
 */
export async function createAccessTokens(
  store: Pick<AuthStore, "keys"> & { readonly sessions: Pick<AuthStore["sessions"], "find"> },
  clock: () => number,
): Promise<AccessTokens> {
  const ring = await createKeyRing(store, clock);
  const remembered = new Map<string, Remembered>();
  /** The same by session: forgetting one session must not cost a walk over all. */
  const ofSession = new Map<string, Set<string>>();
  /** Sessions that ended, until the last token of each has expired; in the order of that time. */
  const ended = new Map<string, number>();

  let doubtedAt = -Infinity;
  /** Number of calls of `recheck`. */
  let rechecks = 0;

  const drop = (token: string): void => {
    const sid = remembered.get(token)?.identity.sid;
    if (sid === undefined) return;
    remembered.delete(token);
    const tokens = ofSession.get(sid);
    tokens?.delete(token);
    if (tokens?.size === 0) ofSession.delete(sid);
  };
  const keep = (token: string, identity: TokenIdentity, checkedAt: number): void => {
    drop(token);
    const [oldest] = remembered.size >= REMEMBERED ? remembered.keys() : [];
    if (oldest !== undefined) drop(oldest);
    remembered.set(token, { identity, checkedAt });
    const tokens = ofSession.get(identity.sid) ?? new Set();
    ofSession.set(identity.sid, tokens.add(token));
  };

  const holder = async (identity: TokenIdentity): Promise<TokenIdentity | undefined> => {
    const found = await store.sessions.find(identity.sid);
    if (!found || found.session.userId !== identity.id || found.disabledAt !== null) return undefined;
    if (!isLive(found.session, clock())) return undefined;
    return { ...identity, roles: rolesUpTo(found.role) };
  };

  return {
    async issue(user, sid) {
      const claims = { id: user.id, roles: rolesUpTo(user.role), sid, jti: randomUUID() };
      const { token } = signAccessToken(claims, SCOPE, await ring.signing(), clock());
      return { accessToken: token, expiresIn: ACCESS_TOKEN_SECONDS };
    },

    async verify(token) {
      const known = remembered.get(token);
      const now = clock();
      if (known && known.identity.expiresAt <= now) {
        drop(token);
        return undefined;
      }
      // not when the clock was set back: then it is unknown how long ago the store was asked
      const isFresh = known && now >= known.checkedAt && now - known.checkedAt < BELIEVED;
      if (isFresh && known.checkedAt > doubtedAt) return known.identity;
      const before = rechecks;
      const claimed = known?.identity ?? verifyAccessToken(token, SCOPE, await ring.verifying(), now);
      const identity = claimed ? await holder(claimed) : undefined;
      // the session may have ended while the store was asked
      const lives = identity !== undefined && !ended.has(identity.sid);
      // and the role may have changed
      if (lives) keep(token, identity, rechecks === before ? now : -Infinity);
      else drop(token);
      return lives ? identity : undefined;
    },

    forget(sid) {
      const now = clock();
      for (const [past, until] of ended) {
        if (until > now) break;
        ended.delete(past);
      }
      ended.delete(sid);
      ended.set(sid, now + ACCESS_TOKEN_SECONDS * 1000);
      for (const token of ofSession.get(sid) ?? []) drop(token);
    },

    recheck(userId) {
      rechecks += 1;
      for (const known of remembered.values()) if (known.identity.id === userId) known.checkedAt = -Infinity;
    },

    doubt() {
      doubtedAt = clock();
    },

    jwks: ring.jwks,
  };
}
