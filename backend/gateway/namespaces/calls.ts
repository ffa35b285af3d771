import { type Meta, publicError, refuse } from "../../contract/index.ts";
import { object } from "../../surface/grammar.ts";
import { compileValidator, type Validator } from "../../surface/validator.ts";
import type { NamespaceCall, NamespaceEntry } from "../../surface.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { checkAccess, type Identity } from "../identity.ts";
import { type EventPacket, encodeResponse, prefixOf, send } from "../internals/packets.ts";
import type { Client } from "../limits/client-address.ts";
import type { LimitName, Limits } from "../limits/limits.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import type { Finished } from "../metrics.ts";
import type { GatewaySessions } from "../sessions.ts";
import type { ConnectionGuards } from "../sockets/guard.ts";
import { visible } from "../sockets/refusals.ts";
import { parseEvent } from "../sockets/socket-calls.ts";
import { invalid } from "../streams/take-body.ts";
import { callByMoleculerIo } from "./moleculer-io.ts";

export interface NamespaceCallParts {
  readonly sessions: GatewaySessions;
  readonly connections: ConnectionGuards;
  readonly limits: Limits;
  readonly refusals: RefusalLog;
  /** Calls that one socket may have under way. */
  readonly maxCalls: number;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  /** The client of a socket has shown a fresh token of the same session. */
  renew(socket: GatewaySocket, identity: Identity): void;
  /** Gets every call that was responded to. */
  readonly finished: ((facts: Finished) => void) | undefined;
}

interface CheckedCall {
  readonly entry: NamespaceCall;
  readonly validate: Validator;
}

/**
 * Runs what clients ask for in a namespace: a call that it lists (`call`), or a fresh token (`authenticate`). The
 * gateway decides which calls reach moleculer-io, and responds with what comes back.
 */
export class NamespaceCalls {
  readonly #parts: NamespaceCallParts;
  readonly #prefix: string;
  readonly #declared: ReadonlyMap<string, CheckedCall>;
  #active = 0;
  #drained: (() => void) | undefined;

  constructor({ name, calls }: NamespaceEntry, parts: NamespaceCallParts) {
    this.#parts = parts;
    this.#prefix = prefixOf(name);
    this.#declared = new Map(
      calls.map((entry) => [entry.action, { entry, validate: compileValidator(object(entry.params)) }]),
    );
  }

  /** Whatever is thrown becomes a response, never an unhandled rejection. */
  async take(socket: GatewaySocket, { id, json }: EventPacket): Promise<void> {
    const started = performance.now();
    let action: unknown;
    this.#active += 1;
    socket.data.calls = (socket.data.calls ?? 0) + 1;
    try {
      const [name, ...args] = parseEvent(json);
      if (name === "call") action = args[0];
      const result = await this.#run(socket, name, args);
      if (id !== undefined) send(socket, encodeResponse(id, null, result, this.#prefix));
      this.#note(action, 200, started);
    } catch (thrown) {
      const error = publicError(thrown);
      if (error.code === "INTERNAL")
        this.#parts.refusals.error({ err: thrown, user: socket.data.identity?.user.id }, "call failed");
      if (id !== undefined) send(socket, encodeResponse(id, visible(error), undefined, this.#prefix));
      this.#note(action, error.status, started);
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

  #run(socket: GatewaySocket, name: unknown, args: readonly unknown[]): Promise<unknown> {
    if (name === "call") return this.#call(socket, args[0], args[1]);
    if (name === "authenticate") return this.#authenticate(socket, args[0]);
    throw refuse("NOT_FOUND");
  }

  async #call(socket: GatewaySocket, action: unknown, given: unknown): Promise<unknown> {
    const { identity, client, calls = 0, isMoving } = socket.data;
    if (this.#drained || isMoving || this.#parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    if (!client) throw refuse("UNAUTHORIZED");
    if (calls > this.#parts.maxCalls) throw refuse("RATE_LIMITED", { retryAfter: 1 });
    const declared = typeof action === "string" ? this.#declared.get(action) : undefined;
    if (!declared) throw refuse("NOT_FOUND");
    const { entry, validate } = declared;
    checkAccess(entry.access, identity);
    const params = given ?? {};
    const mismatch = validate(params);
    if (mismatch) throw invalid(mismatch);
    this.#count(entry.rate, identity, client);
    await this.#parts.limits.everywhere(entry.rate, client.key, identity?.user.id);
    // the session may have ended while the limits of all nodes were waited for
    if (identity && !this.#parts.sessions.isCurrent(identity)) throw refuse("UNAUTHORIZED");
    return callByMoleculerIo(socket, entry.action, params);
  }

  async #authenticate(socket: GatewaySocket, token: unknown): Promise<{ readonly expiresAt: number }> {
    const { identity: before, client } = socket.data;
    if (!before || !client) throw refuse("UNAUTHORIZED");
    this.#count("token", before, client);
    const identity = await this.#parts.sessions.verifyFresh(token, before);
    this.#parts.renew(socket, identity);
    return { expiresAt: identity.expiresAt };
  }

  /** Counts one use by a user and by all users of the address, or by the address where no user is known. */
  #count(limit: LimitName, identity: Identity | undefined, { key }: Client): void {
    const { limits } = this.#parts;
    if (identity) {
      limits.user(limit, identity.user.id);
      limits.users(limit, key);
    } else limits.address(limit, key);
  }

  #isWithinRefusals({ data: { identity, client } }: GatewaySocket): boolean {
    try {
      if (client) this.#count("refusal", identity, client);
      return true;
    } catch {
      return false;
    }
  }

  #note(action: unknown, status: number, started: number): void {
    const route = typeof action === "string" && this.#declared.has(action) ? action : "none";
    this.#parts.finished?.({ route, method: "CALL", status, seconds: (performance.now() - started) / 1000 });
  }
}

/** What the actions of a namespace find beside their parameters. */
export function metaOfSocket({ data: { identity, client } }: GatewaySocket): Meta {
  return { ...(identity && { user: identity.user }), ...(client && { client: { address: client.address } }) };
}
