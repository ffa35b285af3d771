import { Readable } from "node:stream";
import type { ActionHandler, ActionSchema, Context, Middleware } from "moleculer";

/**
 * Middlewares that close a stream which an action returns after its call has timed out. Moleculer drops such a stream
 * unread, and resources that it has, for example the lease of an export, would never be released. Moleculer's own
 * timeout middleware has to run between the two.
 */
export function lateStreamMiddlewares(): { readonly insideTimeout: Middleware; readonly outsideTimeout: Middleware } {
  const failedCalls = new WeakSet<Context>();

  function closeLateStream(next: ActionHandler, action: ActionSchema): ActionHandler {
    if (!action.streams) return next;
    return async function closingLate(ctx: Context) {
      const result: unknown = await next.call(this, ctx);
      if (failedCalls.has(ctx) && result instanceof Readable) result.on("error", () => undefined).destroy();
      return result;
    };
  }

  function noteFailure(next: ActionHandler, action: ActionSchema): ActionHandler {
    if (!action.streams) return next;
    return async function notingFailure(ctx: Context) {
      try {
        return await next.call(this, ctx);
      } catch (error) {
        failedCalls.add(ctx);
        throw error;
      }
    };
  }

  return {
    insideTimeout: { name: "LateStreamsInsideTimeout", localAction: closeLateStream },
    outsideTimeout: { name: "LateStreamsOutsideTimeout", localAction: noteFailure },
  };
}
