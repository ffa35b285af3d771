import type { Context, ServiceSchema } from "moleculer";
import { FROM_CLIENT_HEADER } from "../../authorization.ts";
import type { NamespaceEntry } from "../../surface.ts";
import type { GatewaySocket } from "../gateway-socket.ts";

/* The settings of moleculer-io, which serves the namespaces of features, and how the gateway makes a call by it. */

/** The listener of moleculer-io for the event `call`: it finds the action, calls it and responds. */
type CallHandler = (
  this: GatewaySocket,
  action: string,
  params: unknown,
  respond: (failure: Failure | null, result?: unknown) => void,
) => Promise<void>;

/** What an action has thrown; it may be any value, also `null` or `undefined`. */
class Failure {
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

/** Makes a call for a client by moleculer-io. Rejects with what the action has thrown, or after its timeout. */
export function callByMoleculerIo(socket: GatewaySocket, action: string, params: unknown): Promise<unknown> {
  const [handler] = socket.listeners("call") as readonly ((...args: never) => unknown)[] as readonly CallHandler[];
  if (!handler) throw new Error("invariant: moleculer-io listens to the calls of each declared namespace");
  return new Promise((resolve, reject) => {
    const respond = (failure: Failure | null, result?: unknown) => {
      if (failure) reject(failure.thrown);
      else if (result instanceof Failure) reject(result.thrown);
      else resolve(result);
    };
    const forgotten = () => reject(new Error("invariant: moleculer-io responds before its handler ends"));
    handler.call(socket, action, params, respond).then(forgotten, reject);
  });
}

/** A call, as the hooks of moleculer-io get it. */
export type IoContext = Context<unknown, { $join?: unknown; $leave?: unknown }, { begun?: number }>;

export interface IoHooks {
  /** Milliseconds that an action has to respond. */
  readonly callMs: number;
  /** Called when an action has returned: its socket joins and leaves the channels that the action names. */
  applyCall(ctx: IoContext, socket: GatewaySocket): void;
}

/** `settings.io.namespaces`, with no call for the main one, where moleculer-io by default allows every call. */
export function ioNamespaces(entries: readonly NamespaceEntry[], { callMs, applyCall }: IoHooks): object {
  const main = { authorization: true, events: { call: { whitelist: [] } } };
  const others = entries.map(({ name, calls }) => {
    const call = {
      whitelist: calls.map(({ action }) => action),
      callOptions: { timeout: callMs, headers: { [FROM_CLIENT_HEADER]: true } },
      onBeforeCall({ locals }: IoContext) {
        locals.begun = performance.now();
      },
      onAfterCall: (ctx: IoContext, socket: GatewaySocket) => applyCall(ctx, socket),
    };
    return [name, { authorization: true, events: { call } }];
  });
  return Object.fromEntries([["/", main], ...others]);
}

/**
 * The action by which moleculer-io makes a call. It returns errors as results, because moleculer-io would log each
 * error with its stack.
 */
export function ioCallAction(entries: readonly NamespaceEntry[]): NonNullable<ServiceSchema["actions"]>[string] {
  if (entries.length === 0) return false;
  return { auth: "service", hooks: { error: (_ctx: unknown, thrown: unknown) => new Failure(thrown) } } as never;
}

/** Replaces methods of moleculer-io that let an action change the client's identity, and send its error as it is. */
export const ioMethods = {
  socketSaveMeta: () => undefined,
  socketOnError: (thrown: unknown, respond: (failure: Failure) => void) => respond(new Failure(thrown)),
  // done by `applyCall`
  socketJoinRooms: () => undefined,
  socketLeaveRoom: () => undefined,
} as NonNullable<ServiceSchema["methods"]>;
