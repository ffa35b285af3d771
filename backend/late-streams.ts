import { Readable } from "node:stream";
import type { ActionHandler, ActionSchema, Context, Middleware } from "moleculer";

/**
 * Middlewares that close a stream which an action returns after its call has timed out. Moleculer drops such a stream
 * unread, and resources that it has, for example the lease of an export, would never be released. `inside` has to be
 * inside of Moleculer's Timeout, and `outside` outside of it.
 */
export function lateStreams(): { readonly inside: Middleware; readonly outside: Middleware } {
  const failed = new WeakSet<Context>();

  function closeLate(next: ActionHandler, action: ActionSchema): ActionHandler {
    if (!action.streams) return next;
    return async function closingLate(ctx: Context) {
      const result: unknown = await next.call(this, ctx);
      if (failed.has(ctx) && result instanceof Readable) result.on("error", () => undefined).destroy();
      return result;
    };
  }

  function noteFailure(next: ActionHandler, action: ActionSchema): ActionHandler {
    if (!action.streams) return next;
    return async function notingFailure(ctx: Context) {
      try {
        return await next.call(this, ctx);
      } catch (error) {
        failed.add(ctx);
        throw error;
      }
    };
  }

  return {
    inside: { name: "LateStreamsInside", localAction: closeLate },
    outside: { name: "LateStreamsOutside", localAction: noteFailure },
  };
}
