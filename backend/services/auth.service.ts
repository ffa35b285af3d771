import type { Context, ServiceSchema } from "moleculer";
import { announce, ClientError, defineService, refuse } from "../contract/index.ts";
import { ACCESS_TOKEN_SECONDS } from "../domain/access-token.ts";
import type { Store, User } from "../store/index.ts";
import { type AccessTokens, createAccessTokens } from "./access-tokens.ts";
import { profile } from "./profile.ts";
import { createSessions, type Sessions } from "./sessions.ts";

/** Tokens and sessions: who somebody is, for as long as that holds. */
export function authService(options: { readonly store: Store; readonly clock: () => number }): ServiceSchema {
  const { store, clock } = options;
  let loaded: { tokens: AccessTokens; sessions: Sessions } | undefined;
  const ready = () => {
    if (!loaded) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    return loaded;
  };

  const end = async (ctx: Context, sid: string) => {
    ready().tokens.forget(sid);
    await announce(ctx.broker, "session.ended", { sid });
  };

  return defineService({
    name: "auth",
    async started() {
      loaded = { tokens: await createAccessTokens(store, clock), sessions: await createSessions(store, clock) };
    },
    actions: {
      async startSession(ctx) {
        const user = await liveUser(store, ctx.params.userId);
        const { sid, refreshToken } = await ready().sessions.start(user.id);
        return { ...ready().tokens.issue(user, sid), refreshToken };
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
        const result = refreshToken === undefined ? undefined : await ready().sessions.refresh(refreshToken);
        if (result?.outcome === "reused") {
          const { sid, userId } = result;
          const from = ctx.meta.client;
          await end(ctx, sid);
          await announce(ctx.broker, "session.reused", { sid, userId, ...(from && { address: from.address }) });
        }
        if (result?.outcome !== "renewed") throw new ClientError(401, "SIGN_IN", "Sign in again.");
        const user = await liveUser(store, result.userId);
        const { accessToken } = ready().tokens.issue(user, result.sid);
        return {
          user: profile(user),
          accessToken,
          expiresIn: ACCESS_TOKEN_SECONDS,
          refreshToken: result.refreshToken,
        };
      },

      async logout(ctx) {
        const { sid } = ctx.meta.user;
        await ready().sessions.end(sid, "logout");
        await end(ctx, sid);
        return { ended: true };
      },

      jwks: () => ({ keys: ready().tokens.jwks }),
    },
    events: {
      "session.ended": (ctx) => loaded?.tokens.forget(ctx.params.sid),
    },
  });
}

async function liveUser(store: Store, id: string): Promise<User> {
  const user = await store.users.find(id);
  if (!user || user.disabledAt !== null) throw refuse("UNAUTHORIZED");
  return user;
}
