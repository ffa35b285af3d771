import type { ServiceBroker } from "moleculer";
import { type Meta, refuse } from "../../contract/index.ts";
import type { AssertionGuard } from "../assertion-guard.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { prefixOf } from "../internals/packets.ts";
import type { HistoryBudget } from "../limits/caps/byte-budget.ts";
import { clientCallOptions } from "../outside-call.ts";
import { type DeclaredCall, declaredCalls } from "./declared-calls.ts";
import { countUse, type EventRunnerParts, type NamespaceCalls, type RunningEvent } from "./event-runner.ts";
import type { SocketFeature } from "./socket-feature.ts";
import type { ChannelSubscriptions } from "./subscriptions.ts";

export interface SocketCallParts extends Pick<EventRunnerParts, "sessions" | "limits"> {
  readonly broker: ServiceBroker;
  readonly features: readonly SocketFeature[];
  readonly subscriptions: ChannelSubscriptions;
  readonly history: HistoryBudget;
  /** Undefined where administrators need no assertion. */
  readonly assertions: AssertionGuard | undefined;
}

/** The calls of the main namespace: those that the surface declares for sockets. */
export class SocketCalls implements NamespaceCalls {
  readonly prefix = prefixOf("/");
  readonly #parts: SocketCallParts;
  readonly #declared: ReadonlyMap<string, DeclaredCall>;

  constructor(parts: SocketCallParts) {
    this.#parts = parts;
    this.#declared = declaredCalls(parts.features);
  }

  isDeclared(action: string): boolean {
    return this.#declared.has(action);
  }

  call(socket: GatewaySocket, action: unknown, given: unknown, event: RunningEvent): Promise<unknown> {
    const { broker, sessions, limits, history, subscriptions, assertions } = this.#parts;
    const { identity, client } = socket.data;
    if (!identity || !client) throw refuse("UNAUTHORIZED");
    const declared = typeof action === "string" ? this.#declared.get(action) : undefined;
    if (!declared) throw refuse("NOT_FOUND");
    const params = given ?? {};
    if (typeof params !== "object" || Array.isArray(params)) throw refuse("VALIDATION");
    const { entry, feature, hooks } = declared;
    countUse(limits, entry.rate, identity, client);
    const meta: Meta = { user: identity.user, client: { address: client.address } };
    const act = (): Promise<unknown> => {
      // the session may have ended while the limits of all nodes, or a subscription, were waited for
      if (!sessions.isCurrent(identity)) throw refuse("UNAUTHORIZED");
      return broker.call(entry.action, params, clientCallOptions(meta));
    };
    const count = () => limits.onAllNodes(entry.rate, client.key, identity.user.id)?.then(act) ?? act();
    const run = () => assertions?.checkSocket(entry.access, identity, socket)?.then(count) ?? count();
    if (feature === undefined) return run();
    if (hooks.readsHistory) {
      const reservation = history.take(identity.user.id, client.key);
      event.countResponse = (bytes) => history.settle(reservation, bytes);
    }
    const { subscribes } = hooks;
    const result = subscribes
      ? subscriptions.subscribe(socket, feature, subscribes, params as Readonly<Record<string, unknown>>, run)
      : run();
    return hooks.unsubscribes || hooks.succeeded ? this.#after(socket, declared, result) : result;
  }

  /** What the feature of a call does when it has succeeded. */
  async #after(socket: GatewaySocket, { hooks }: DeclaredCall, running: Promise<unknown>): Promise<unknown> {
    const result = await running;
    if (hooks.unsubscribes) await this.#parts.subscriptions.unsubscribe(socket, hooks.unsubscribes(result));
    const { identity, isOpened } = socket.data;
    if (identity && isOpened && socket.connected) hooks.succeeded?.({ id: socket.id, user: identity.user }, result);
    return result;
  }
}
