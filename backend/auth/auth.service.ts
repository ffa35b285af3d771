import type { Context, ServiceSchema } from "moleculer";
import { announce, defineService, type Meta, refuse, tell } from "../contract/index.ts";
import { isNatsResponding } from "../nodes/index.ts";
import { createAuditTrail, hashMark, profile, type User, type UsersStore } from "../users/index.ts";
import { ACCESS_TOKEN_SECONDS } from "./access-token.ts";
import { type AccessTokens, createAccessTokens } from "./access-tokens.ts";
import { type Revocations, roleKey, watchRevocations } from "./revocations.ts";
import { END_REASONS, SESSION_MAX } from "./session.ts";
import { createSessions, type Device, type Sessions } from "./sessions.ts";
import type { AuthStore } from "./store.ts";

/** Tokens and sessions: which user a client is, until the session ends. */
export function authService(options: {
  readonly store: AuthStore & UsersStore;
  readonly clock: () => number;
}): ServiceSchema {
  const { store, clock } = options;
  const audit = createAuditTrail(store, clock);
  let loaded: { tokens: AccessTokens; sessions: Sessions } | undefined;
  let revocations: Revocations | undefined;
  const ready = () => {
    if (!loaded) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    return loaded;
  };

  /**
   * Ends a session on all nodes: this node forgets its tokens before the response, the others and the sockets when the
   * event arrives.
   */
  const ended = async (ctx: Context<unknown, Meta>, sid: string) => {
    ready().tokens.forget(sid);
    await announce(ctx.broker, "session.ended", { sid });
  };

  return defineService({
    name: "auth",
    async started() {
      loaded = { tokens: await createAccessTokens(store, clock), sessions: await createSessions(store, clock) };
      const { broker } = this;
      const failed = (error: unknown) => broker.logger.error(error);
      revocations = watchRevocations({
        store,
        clock,
        hears: () => isNatsResponding(broker),
        onEnded: (sid) => void tell(broker, "session.ended", { sid }).catch(failed),
        onRoleChanged: (id, at) => void tell(broker, "user.changed", { id, at }).catch(failed),
        onBlind: () => {
          loaded?.tokens.doubt();
          tell(broker, "node.blind", {}).catch(failed);
        },
      });
    },
    stopped: () => revocations?.stop(),
    actions: {
      async startSession(ctx) {
        const user = await liveUser(store, ctx.params.userId);
        const { password } = ctx.params;
        const stands = (hash: string) => password === undefined || hashMark(hash) === password;
        const started = await ready().sessions.start(user.id, device(ctx), stands);
        if (!started) throw refuse("CREDENTIALS");
        const { sid, refreshToken } = started;
        for (const id of started.ended) {
          await ended(ctx, id);
          await audit(ctx, "session.ended", user.id, "the oldest of too many");
        }
        return { ...(await ready().tokens.issue(user, sid)), refreshToken };
      },

      async endSessions(ctx) {
        const { userId, except } = ctx.params;
        const reason = END_REASONS.find((known) => known === ctx.params.reason) ?? "ended";
        const sessions = (await store.sessions.list(userId)).filter(({ id }) => id !== except);
        for (const { id } of sessions) if (await ready().sessions.end(id, reason)) await ended(ctx, id);
        return { ended: sessions.length };
      },

      async knownAddresses(ctx) {
        return { addresses: await store.sessions.addressesOf(ctx.params.userId, clock() - SESSION_MAX) };
      },

      async generateToken(ctx) {
        const user = await liveUser(store, ctx.params.userId);
        return ready().tokens.issue(user, ctx.params.sid);
      },

      async verifyToken(ctx) {
        const identity = await ready().tokens.verify(ctx.params.token);
        if (!identity) throw refuse("UNAUTHORIZED");
        const { id, roles, sid, expiresAt } = identity;
        return { id, roles, sid, exp: expiresAt / 1000 };
      },

      async refresh(ctx) {
        const { refreshToken } = ctx.params;
        const result =
          refreshToken === undefined ? undefined : await ready().sessions.refresh(refreshToken, device(ctx));
        if (result?.outcome === "reused") {
          const { sid, userId } = result;
          const from = ctx.meta.client;
          await ended(ctx, sid);
          await audit(ctx, "session.reused", userId);
          await announce(ctx.broker, "session.reused", { sid, userId, ...(from && { address: from.address }) });
        }
        if (result?.outcome !== "renewed") throw refuse("SIGN_IN");
        const user = await liveUser(store, result.userId);
        const { accessToken } = await ready().tokens.issue(user, result.sid);
        return {
          user: profile(user),
          accessToken,
          expiresIn: ACCESS_TOKEN_SECONDS,
          refreshToken: result.refreshToken,
        };
      },

      async logout(ctx) {
        const { sid, id } = ctx.meta.user;
        if (await ready().sessions.end(sid, "logout")) {
          await ended(ctx, sid);
          await audit(ctx, "session.ended", id);
        }
        return { ended: true };
      },

      async sessions(ctx) {
        const { id, sid: current } = ctx.meta.user;
        const sessions = (await ready().sessions.list(id)).map(({ id: sid, createdAt, usedAt, address, agent }) => ({
          sid,
          current: sid === current,
          createdAt,
          usedAt,
          address,
          agent,
        }));
        return { sessions };
      },

      async endSession(ctx) {
        const { id } = ctx.meta.user;
        const { sid } = ctx.params;
        const found = await store.sessions.find(sid);
        // the response is the same for another user's session and for one that does not exist
        if (found?.session.userId !== id) throw refuse("NOT_FOUND");
        // an earlier request has announced the end already: repeated requests broadcast nothing
        if (await ready().sessions.end(sid, "ended")) {
          await ended(ctx, sid);
          await audit(ctx, "session.ended", id);
        }
        return { ended: true };
      },

      jwks: async () => ({ keys: await ready().tokens.jwks() }),
    },
    events: {
      "session.ended"(ctx) {
        revocations?.heard(ctx.params.sid);
        loaded?.tokens.forget(ctx.params.sid);
      },
      "user.changed"(ctx) {
        const { id, at } = ctx.params;
        revocations?.heard(roleKey(id, at));
        loaded?.tokens.recheck(id);
      },
    },
  });
}

function device({ meta }: Context<unknown, Meta>): Device {
  return { address: meta.client?.address ?? null, agent: meta.client?.agent ?? null };
}

async function liveUser(store: UsersStore, id: string): Promise<User> {
  const user = await store.users.find(id);
  if (!user || user.disabledAt !== null) throw refuse("UNAUTHORIZED");
  return user;
}
