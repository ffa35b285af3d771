import { randomUUID } from "node:crypto";
import {
  ACCESS_TOKEN_SECONDS,
  type Identity,
  type PublicJwk,
  rolesUpTo,
  signAccessToken,
  verifyAccessToken,
} from "../domain/access-token.ts";
import { isLive } from "../domain/session.ts";
import type { Store } from "../store/index.ts";
import type { Role } from "../surface.ts";
import { createKeyRing } from "./key-ring.ts";

/** Verified tokens kept in memory; beyond it the oldest goes and is verified again when it comes back. */
const REMEMBERED = 10_000;
/** Milliseconds for which a remembered token is believed without asking the store: how late a node without news may be. */
const BELIEVED = 1000;

/** One deployment's tokens are told from another's by their keys; these tell them from other kinds of tokens. */
const SCOPE = { issuer: "causeway", audience: "causeway" };

export interface AccessTokens {
  issue(user: { id: string; role: Role }, sid: string): Promise<{ accessToken: string; expiresIn: number }>;
  /** Undefined unless it is a token of ours whose session lives; the roles are those the user has now. */
  verify(token: string): Promise<Identity | undefined>;
  /** Refuses the session's tokens from now on. */
  forget(sid: string): void;
  /** Asks the store again before the user's tokens count the next time. */
  recheck(userId: string): void;
  jwks(): Promise<readonly PublicJwk[]>;
}

interface Remembered {
  identity: Identity;
  checkedAt: number;
}

/** Loads the signing keys, making the first, and keeps what has been verified until it expires, so that a request costs no signature. */
export async function createAccessTokens(store: Store, clock: () => number): Promise<AccessTokens> {
  const ring = await createKeyRing(store, clock);
  const remembered = new Map<string, Remembered>();
  /** Sessions that ended, until the last token of each has expired. */
  const ended = new Map<string, number>();

  const holder = async (identity: Identity): Promise<Identity | undefined> => {
    const found = await store.sessions.find(identity.sid);
    if (!found || found.session.userId !== identity.id || found.disabledAt !== null) return undefined;
    if (!isLive(found.session, clock()) || ended.has(identity.sid)) return undefined;
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
        remembered.delete(token);
        return undefined;
      }
      if (known && now - known.checkedAt < BELIEVED) return known.identity;
      const claimed = known?.identity ?? verifyAccessToken(token, SCOPE, await ring.verifying(), now);
      const identity = claimed ? await holder(claimed) : undefined;
      remembered.delete(token);
      if (!identity) return undefined;
      const [oldest] = remembered.size >= REMEMBERED ? remembered.keys() : [];
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(token, { identity, checkedAt: now });
      return identity;
    },

    forget(sid) {
      const now = clock();
      for (const [past, until] of ended) if (until <= now) ended.delete(past);
      ended.set(sid, now + ACCESS_TOKEN_SECONDS * 1000);
      for (const [token, { identity }] of remembered) if (identity.sid === sid) remembered.delete(token);
    },

    recheck(userId) {
      for (const known of remembered.values()) if (known.identity.id === userId) known.checkedAt = -Infinity;
    },

    jwks: ring.jwks,
  };
}
