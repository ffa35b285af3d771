import type { ActionHandler, ActionSchema, Context, Middleware } from "moleculer";
import { type Code, type Meta, refuse } from "./contract/index.ts";

/**
 * The header of a call that the gateway makes for a client. Unlike meta, headers are not passed on to the calls that an
 * action makes itself, so that these calls differ from those of clients, on other nodes too.
 */
export const FROM_CLIENT_HEADER = "outside";

/**
 * Checks whether the caller may call an action, on the node that runs the action: for HTTP, sockets and calls of other
 * nodes alike. An action that does not declare who may call it stops the start.
 */
export const authorization: Middleware = {
  name: "Authorization",
  localAction(next: ActionHandler, action: ActionSchema): ActionHandler {
    const { auth, roles } = action;
    switch (auth) {
      case "public":
        return next;
      case "required":
        return function authorized(ctx: Context<unknown, Meta>) {
          const { user } = ctx.meta;
          if (!user) return rejectWith("UNAUTHORIZED");
          if (roles && !user.roles.some((role) => roles.includes(role))) return rejectWith("FORBIDDEN");
          return next.call(this, ctx);
        };
      case "service":
        return function fromServicesOnly(ctx: Context<unknown, Meta>) {
          return ctx.headers[FROM_CLIENT_HEADER] ? rejectWith("NOT_FOUND") : next.call(this, ctx);
        };
      default:
        throw new Error(`The action ${action.name} does not say who may call it (auth: public, required or service).`);
    }
  },
};

/** Rejects and never throws: `broker.call` would throw that too, past callers that only handle a rejection. */
function rejectWith(code: Code): Promise<never> {
  return Promise.reject(refuse(code));
}
