import type { ServiceSchema } from "moleculer";
import { defineService } from "../contract/index.ts";
import { AuthActions, type AuthOptions } from "./auth-actions.ts";

/** Tokens and sessions: which user a client is, until the session ends. */
export function authService(options: AuthOptions): ServiceSchema {
  const auth = new AuthActions(options);
  return defineService({
    name: "auth",
    started() {
      return auth.start(this.broker);
    },
    stopped: () => auth.stop(),
    actions: {
      startSession: (ctx) => auth.startSession(ctx),
      endSessions: (ctx) => auth.endSessions(ctx),
      knownAddresses: (ctx) => auth.knownAddresses(ctx),
      generateToken: (ctx) => auth.generateToken(ctx),
      verifyToken: (ctx) => auth.verifyToken(ctx),
      refresh: (ctx) => auth.refresh(ctx),
      logout: (ctx) => auth.logout(ctx),
      sessions: (ctx) => auth.sessions(ctx),
      endSession: (ctx) => auth.endSession(ctx),
      jwks: () => auth.jwks(),
    },
    events: {
      "session.ended": ({ params }) => auth.noteEnded(params.sid),
      "user.changed": ({ params }) => auth.noteRoleChanged(params.id, params.at),
    },
  });
}
