import { randomBytes, randomUUID } from "node:crypto";
import type { Role } from "../surface/roles.ts";
import { type AccessTokens, accessHash } from "./access-tokens.ts";
import { firstRefreshToken, readRefreshToken, refreshKey, successor } from "./refresh-token.ts";
import { type EndReason, isLive, judgeRefresh, MAX_SESSIONS, type Session } from "./session.ts";
import type { SessionUse } from "./session-store.ts";
import type { AuthStore } from "./store.ts";

/** The result of using a refresh token. */
type Refreshed =
  | {
      readonly outcome: "renewed";
      readonly userId: string;
      readonly sid: string;
      readonly refreshToken: string;
      readonly accessToken: string;
    }
  | { readonly outcome: "reused"; readonly userId: string; readonly sid: string }
  | { readonly outcome: "refused" };

/** Where and by what a session is used. */
export type Device = Omit<SessionUse, "at">;

/** Whose session it is. */
interface Holder {
  readonly id: string;
  readonly role: Role;
}

/** A session that has started, and the ids of those that ended because of it. */
interface NewSession {
  readonly sid: string;
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly ended: readonly string[];
}

export interface Sessions {
  /**
   * Starts a session and ends the oldest ones beyond the limit. Undefined when the account is disabled or `hasPassword`
   * returns false for the hash that its password has at that moment.
   */
  start(user: Holder, by: Device, hasPassword: (passwordHash: string) => boolean): Promise<NewSession | undefined>;
  refresh(token: string, by: Device): Promise<Refreshed>;
  /** A user's live sessions, the oldest first. */
  list(userId: string): Promise<readonly Session[]>;
  /** False when it had ended already. */
  end(sid: string, reason: EndReason): Promise<boolean>;
}

/**
 * Rounds in which a rotation may be overtaken by another request with the same token; one is enough, the second is for
 * safety.
 */
const ROUNDS = 3;

/**
 * Sessions in the store, with access tokens of `tokens` and refresh tokens under the server's key, which is made on the
 * first start.
 */
export async function createSessions(
  store: AuthStore,
  tokens: Pick<AccessTokens, "issue">,
  clock: () => number,
): Promise<Sessions> {
  const [stored] = await store.keys.ensure("refresh", () => randomBytes(32).toString("base64url"), clock());
  if (!stored) throw new Error("invariant: a key that was made is there");
  const key = refreshKey(Buffer.from(stored.material, "base64url"));

  return {
    async start(user, by, hasPassword) {
      const first = firstRefreshToken(randomUUID(), key);
      const { accessToken } = await tokens.issue(user, first.sid);
      // after issuing, which may wait for the keys: the session begins, and the oldest one ends, at this time
      const now = clock();
      const session = {
        id: first.sid,
        userId: user.id,
        refreshHash: first.hash,
        previousHash: null,
        accessHash: accessHash(accessToken),
        rotatedAt: now,
        createdAt: now,
        usedAt: now,
        endedAt: null,
        ...by,
      };
      const ended = await store.sessions.start(session, MAX_SESSIONS, hasPassword);
      return ended && { sid: first.sid, refreshToken: first.token, accessToken, ended };
    },

    async refresh(text, by) {
      const token = readRefreshToken(text, key);
      if (!token) return { outcome: "refused" };
      const next = successor(token, key);
      for (let round = 0; round < ROUNDS; round += 1) {
        const found = await store.sessions.find(token.sid);
        if (!found || found.disabledAt !== null) return { outcome: "refused" };
        const { userId, id: sid } = found.session;
        const verdict = judgeRefresh(found.session, token.hash, clock());
        if (verdict === "dead") return { outcome: "refused" };
        if (verdict === "reuse") {
          await store.sessions.end(sid, "reuse", clock());
          return { outcome: "reused", userId, sid };
        }
        const { accessToken } = await tokens.issue({ id: userId, role: found.role }, sid);
        const hashes = { refreshHash: next.hash, accessHash: accessHash(accessToken) };
        const use = { at: clock(), ...by };
        if (verdict === "retry" || (await store.sessions.rotate(sid, token.hash, hashes, use)))
          return { outcome: "renewed", userId, sid, refreshToken: next.token, accessToken };
      }
      return { outcome: "refused" };
    },

    async list(userId) {
      const sessions = await store.sessions.list(userId);
      return sessions.filter((session) => isLive(session, clock()));
    },

    end: (sid, reason) => store.sessions.end(sid, reason, clock()),
  };
}
