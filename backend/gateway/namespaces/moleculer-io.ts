import type { Context, ServiceSchema } from "moleculer";
import { FROM_CLIENT_HEADER } from "../../authorization.ts";
import type { NamespaceEntry } from "../../surface.ts";
import type { GatewaySocket } from "../gateway-socket.ts";

/** What the gateway's service says to moleculer-io, which serves each namespace, and how a call is handed to it. */

/** Made by moleculer-io for the event `call`; it finds the action, calls it and responds. */
type CallHandler = (
  this: GatewaySocket,
  action: string,
  params: unknown,
  respond: (failure: Failure | null, result?: unknown) => void,
) => Promise<void>;

/** Whatever an action has thrown, `null` and `undefined` included. */
class Failure {
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

/** Has moleculer-io make a call for a client. Rejects with what the action has thrown, or after its timeout. */
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

/** A call, as the hooks of moleculer-io see it. */
export type IoContext = Context<unknown, { $join?: unknown; $leave?: unknown }, { begun?: number }>;

export interface IoHooks {
  /** Milliseconds that an action has to respond. */
  readonly callMs: number;
  /** An action has responded: the channels that it names are joined or left. */
  after(ctx: IoContext, socket: GatewaySocket): void;
}

/** `settings.io.namespaces`. moleculer-io has a handler of its own for the main namespace, which allows every call. */
export function ioNamespaces(entries: readonly NamespaceEntry[], { callMs, after }: IoHooks): object {
  const main = { authorization: true, events: { call: { whitelist: [] } } };
  const others = entries.map(({ name, calls }) => {
    const call = {
      whitelist: calls.map(({ action }) => action),
      callOptions: { timeout: callMs, headers: { [FROM_CLIENT_HEADER]: true } },
      onBeforeCall({ locals }: IoContext) {
        locals.begun = performance.now();
      },
      onAfterCall: (ctx: IoContext, socket: GatewaySocket) => after(ctx, socket),
    };
    return [name, { authorization: true, events: { call } }];
  });
  return Object.fromEntries([["/", main], ...others]);
}

/**
 * The action by which moleculer-io makes a call. An error becomes a result: moleculer-io writes each error into the log
 * with its stack, however many there are.
 */
export function ioCallAction(entries: readonly NamespaceEntry[]): NonNullable<ServiceSchema["actions"]>[string] {
  if (entries.length === 0) return false;
  return { auth: "service", hooks: { error: (_ctx: unknown, thrown: unknown) => new Failure(thrown) } } as never;
}

/** Replaces methods of moleculer-io: its own let an action change who the client is, and send what it threw. */
export const ioMethods = {
  socketSaveMeta: () => undefined,
  socketOnError: (thrown: unknown, respond: (failure: Failure) => void) => respond(new Failure(thrown)),
  // `after` has done it
  socketJoinRooms: () => undefined,
  socketLeaveRoom: () => undefined,
} as NonNullable<ServiceSchema["methods"]>;
