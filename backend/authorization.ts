import type { ActionHandler, ActionSchema, Context, Middleware } from "moleculer";
import type { Meta } from "./contract/index.ts";
import { refuse } from "./contract/index.ts";

/**
 * Header of a call that the gateway makes for somebody outside. Unlike meta, headers do not pass on to the calls that an action
 * makes in turn, so that a service's own calls are told apart from a client's, on remote nodes too.
 */
export const OUTSIDE = "outside";

/**
 * Decides at the action, on the node that runs it, whether the caller may: for HTTP, sockets and remote calls alike. An action that
 * does not say who may call it stops the start.
 */
export const authorization: Middleware = {
  name: "Authorization",
  localAction(next: ActionHandler, action: ActionSchema): ActionHandler {
    const { auth, roles } = action;
    switch (auth) {
      case "public":
        return next;
      case "required":
        return async function authorized(ctx: Context<unknown, Meta>) {
          const { user } = ctx.meta;
          if (!user) throw refuse("UNAUTHORIZED");
          if (roles && !user.roles.some((role) => roles.includes(role))) throw refuse("FORBIDDEN");
          return next.call(this, ctx);
        };
      case "service":
        return async function fromServicesOnly(ctx: Context<unknown, Meta>) {
          if (ctx.headers[OUTSIDE]) throw refuse("NOT_FOUND");
          return next.call(this, ctx);
        };
      default:
        throw new Error(`The action ${action.name} does not say who may call it (auth: public, required or service).`);
    }
  },
};
