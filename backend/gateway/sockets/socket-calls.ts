import type { ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import { type Meta, publicError, refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import type { Identity } from "../identity.ts";
import { type EventPacket, encodeResponse, send } from "../internals/packets.ts";
import type { HistoryBudget, HistoryReservation } from "../limits/caps/byte-budget.ts";
import type { Client } from "../limits/client-address.ts";
import { isTooDeep, MAX_DEPTH } from "../limits/depth.ts";
import type { LimitName, Limits } from "../limits/limits.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import type { Finished } from "../metrics.ts";
import { outside } from "../outside-call.ts";
import type { GatewaySessions } from "../sessions.ts";
import { type DeclaredCall, declaredCalls } from "./declared-calls.ts";
import type { ConnectionGuards } from "./guard.ts";
import { visible } from "./refusals.ts";
import type { SocketFeature } from "./socket-feature.ts";
import type { ChannelSubscriptions } from "./subscriptions.ts";

export interface SocketCallParts {
  readonly broker: ServiceBroker;
  readonly sessions: GatewaySessions;
  readonly features: readonly SocketFeature[];
  readonly subscriptions: ChannelSubscriptions;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  readonly log: Logger;
  readonly refusals: RefusalLog;
  readonly limits: Limits;
  readonly history: HistoryBudget;
  readonly connections: ConnectionGuards;
  /** The client of a socket has shown a fresh token of the same session. */
  renew(socket: GatewaySocket, identity: Identity): void;
  /** Gets every call that was responded to. */
  readonly finished?: ((facts: Finished) => void) | undefined;
}

/** An event while it is handled. */
interface EventCall {
  /** Set by a call that reads stored entries, before it reads them. */
  history: HistoryReservation | undefined;
}

/** Runs what clients ask for over their sockets: a call of the surface (`call`), or a fresh token (`authenticate`). */
export class SocketCalls {
  readonly #parts: SocketCallParts;
  readonly #declared: ReadonlyMap<string, DeclaredCall>;
  #active = 0;
  #drained: (() => void) | undefined;

  constructor(parts: SocketCallParts) {
    this.#parts = parts;
    this.#declared = declaredCalls(parts.features);
  }

  /** Runs what an event asks for; whatever is thrown becomes a response, never an unhandled rejection. */
  async take(socket: GatewaySocket, { id, json }: EventPacket): Promise<void> {
    const started = this.#parts.finished ? performance.now() : 0;
    const event: EventCall = { history: undefined };
    let action: unknown;
    this.#active++;
    socket.data.calls = (socket.data.calls ?? 0) + 1;
    try {
      const [name, ...args] = parseEvent(json);
      if (name === "call") action = args[0];
      const result = await this.#run(socket, name, args, event);
      this.#respond(socket, id, event, result);
      this.#note(action, 200, started);
    } catch (thrown) {
      if (event.history) this.#parts.history.settle(event.history, 0);
      this.#refuse(socket, id, thrown, (status) => this.#note(action, status, started));
      if (!this.#isWithinRefusals(socket)) socket.disconnect(true);
    } finally {
      socket.data.calls -= 1;
      if (socket.data.isMoving && socket.data.calls === 0) this.#parts.connections.disconnect(socket);
      if (--this.#active === 0) this.#drained?.();
    }
  }

  /** Refuses the calls that come from now on, and resolves when those under way have been responded to. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#active === 0) resolve();
    });
  }

  #run(socket: GatewaySocket, name: unknown, args: readonly unknown[], event: EventCall): Promise<unknown> {
    if (name === "call") return this.#call(socket, args[0], args[1], event);
    if (name === "authenticate") return this.#authenticate(socket, args[0]);
    throw refuse("NOT_FOUND");
  }

  #call(socket: GatewaySocket, action: unknown, given: unknown, event: EventCall): Promise<unknown> {
    const { broker, sessions, limits, history, subscriptions } = this.#parts;
    if (this.#drained || socket.data.isMoving || this.#parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    const { identity, client } = socket.data;
    if (!identity || !client) throw refuse("UNAUTHORIZED");
    const declared = typeof action === "string" ? this.#declared.get(action) : undefined;
    if (!declared) throw refuse("NOT_FOUND");
    const params = given ?? {};
    if (typeof params !== "object" || Array.isArray(params)) throw refuse("VALIDATION");
    const { entry, feature, hooks } = declared;
    this.#count(entry.rate, identity, client);
    const meta: Meta = { user: identity.user, client: { address: client.address } };
    const act = (): Promise<unknown> => {
      // the session may have ended while the limits of all nodes, or a subscription, were waited for
      if (!sessions.isCurrent(identity)) throw refuse("UNAUTHORIZED");
      return broker.call(entry.action, params, outside(meta));
    };
    const run = () => limits.everywhere(entry.rate, client.key, identity.user.id)?.then(act) ?? act();
    if (feature === undefined) return run();
    if (hooks.readsHistory) event.history = history.take(identity.user.id, client.key);
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

  async #authenticate(socket: GatewaySocket, token: unknown): Promise<{ readonly expiresAt: number }> {
    const { identity: before, client } = socket.data;
    if (!before || !client) throw refuse("UNAUTHORIZED");
    this.#count("token", before, client);
    const identity = await this.#parts.sessions.verifyFresh(token, before);
    this.#parts.renew(socket, identity);
    return { expiresAt: identity.expiresAt };
  }

  /** Counts one use by a user and by all users of their address. Throws RATE_LIMITED. */
  #count(limit: LimitName, { user }: Identity, client: Client): void {
    this.#parts.limits.user(limit, user.id);
    this.#parts.limits.users(limit, client.key);
  }

  /**
   * Counts a refused event; false when the user, or all users of the address, have had too many. Accepted ones are
   * counted by their rate class.
   */
  #isWithinRefusals({ data: { identity, client } }: GatewaySocket): boolean {
    try {
      if (identity && client) this.#count("refusal", identity, client);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Responds to a call. Bytes of stored entries are counted also when the client wants no response: they were read all
   * the same.
   */
  #respond(socket: GatewaySocket, id: number | undefined, event: EventCall, result: unknown): void {
    if (id === undefined && event.history === undefined) return;
    const packet = encodeResponse(id ?? 0, null, result);
    if (event.history) {
      this.#parts.history.settle(event.history, packet.frame.length);
      event.history = undefined;
    }
    if (id !== undefined) send(socket, packet);
  }

  #refuse(socket: GatewaySocket, id: number | undefined, thrown: unknown, note: (status: number) => void): void {
    try {
      const error = publicError(thrown);
      note(error.status);
      if (error.code === "INTERNAL")
        this.#parts.refusals.error({ err: thrown, user: socket.data.identity?.user.id }, "call failed");
      if (id !== undefined) send(socket, encodeResponse(id, visible(error)));
    } catch (err) {
      this.#parts.log.error({ err }, "call could not be responded to");
    }
  }

  #note(action: unknown, status: number, started: number): void {
    const { finished } = this.#parts;
    if (!finished) return;
    const route = typeof action === "string" && this.#declared.has(action) ? action : "none";
    finished({ route, method: "CALL", status, seconds: (performance.now() - started) / 1000 });
  }
}

/** An event's name and arguments. Throws BAD_REQUEST, or TOO_DEEP. */
export function parseEvent(json: string): readonly unknown[] {
  if (isTooDeep(json, MAX_DEPTH + 1)) throw refuse("TOO_DEEP"); // the array around the arguments is one level more
  try {
    return JSON.parse(json) as unknown[];
  } catch {
    throw refuse("BAD_REQUEST");
  }
}
