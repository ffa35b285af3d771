import type { Logger } from "pino";
import { publicError, refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import type { Identity } from "../identity.ts";
import { type EventPacket, encodeResponse, send } from "../internals/packets.ts";
import type { Client } from "../limits/client-address.ts";
import { isTooDeep, MAX_DEPTH } from "../limits/depth.ts";
import type { LimitName, Limits } from "../limits/limits.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import type { FinishedRequest } from "../metrics.ts";
import type { GatewaySessions } from "../sessions.ts";
import type { ConnectionGuards } from "./guard.ts";
import { refusalFor } from "./refusals.ts";

export interface EventRunnerParts {
  readonly sessions: GatewaySessions;
  readonly connections: ConnectionGuards;
  readonly limits: Limits;
  readonly log: Logger;
  readonly refusals: RefusalLog;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  /** The client of a socket has shown a fresh token of the same session. */
  renew(socket: GatewaySocket, identity: Identity): void;
  /** Gets every call that was responded to. */
  readonly finished?: ((facts: FinishedRequest) => void) | undefined;
}

/** An event while it runs. */
export interface RunningEvent {
  /** Set by a call whose response is counted: gets its bytes, 0 for a refusal. */
  countResponse: ((bytes: number) => void) | undefined;
}

/** What the calls of a namespace do. */
export interface NamespaceCalls {
  /** `prefixOf` the namespace. */
  readonly prefix: string;
  isDeclared(action: string): boolean;
  /** Makes a call. What it throws, or rejects with, is sent to the client as a refusal. */
  call(socket: GatewaySocket, action: unknown, params: unknown, event: RunningEvent): Promise<unknown>;
}

/**
 * Runs the events that clients send in one namespace: a call (`call`), or a fresh token (`authenticate`). It responds
 * to each, counts the refused ones, and disconnects a client that has too many.
 */
export class EventRunner {
  readonly #parts: EventRunnerParts;
  readonly #calls: NamespaceCalls;
  #active = 0;
  #drained: (() => void) | undefined;

  constructor(parts: EventRunnerParts, calls: NamespaceCalls) {
    this.#parts = parts;
    this.#calls = calls;
  }

  /** Runs an event. Never rejects: whatever is thrown becomes a response. */
  async run(socket: GatewaySocket, { id, json }: EventPacket): Promise<void> {
    const started = this.#parts.finished ? performance.now() : 0;
    const event: RunningEvent = { countResponse: undefined };
    let action: unknown;
    this.#active++;
    socket.data.runningCalls = (socket.data.runningCalls ?? 0) + 1;
    try {
      const [name, ...args] = parseEvent(json);
      if (name === "call") action = args[0];
      const result = await this.#resultOf(socket, name, args, event);
      this.#respond(socket, id, event, result);
      this.#reportFinished(action, 200, started);
    } catch (thrown) {
      event.countResponse?.(0);
      this.#refuse(socket, id, thrown, (status) => this.#reportFinished(action, status, started));
      if (!this.#isWithinRefusals(socket)) socket.disconnect(true);
    } finally {
      socket.data.runningCalls -= 1;
      if (socket.data.isMoving && socket.data.runningCalls === 0) this.#parts.connections.disconnect(socket);
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

  #resultOf(socket: GatewaySocket, name: unknown, args: readonly unknown[], event: RunningEvent): Promise<unknown> {
    if (name === "call") {
      if (this.#drained || socket.data.isMoving || this.#parts.isUnfit())
        throw refuse("UNAVAILABLE", { retryAfter: 1 });
      return this.#calls.call(socket, args[0], args[1], event);
    }
    if (name === "authenticate") return this.#authenticate(socket, args[0]);
    throw refuse("NOT_FOUND");
  }

  async #authenticate(socket: GatewaySocket, token: unknown): Promise<{ readonly expiresAt: number }> {
    const { identity: before, client } = socket.data;
    if (!before || !client) throw refuse("UNAUTHORIZED");
    countUse(this.#parts.limits, "token", before, client);
    const identity = await this.#parts.sessions.verifyFresh(token, before);
    this.#parts.renew(socket, identity);
    return { expiresAt: identity.expiresAt };
  }

  /**
   * Counts a refused event; false when the client, or all clients of the address, have had too many. Accepted ones are
   * counted by their rate class.
   */
  #isWithinRefusals({ data: { identity, client } }: GatewaySocket): boolean {
    try {
      if (client) countUse(this.#parts.limits, "refusal", identity, client);
      return true;
    } catch {
      return false;
    }
  }

  /** Responds to an event. The bytes of a response are counted also when the client asked for none. */
  #respond(socket: GatewaySocket, id: number | undefined, event: RunningEvent, result: unknown): void {
    if (id === undefined && event.countResponse === undefined) return;
    const packet = encodeResponse(id ?? 0, null, result, this.#calls.prefix);
    if (event.countResponse) {
      event.countResponse(packet.frame.length);
      event.countResponse = undefined;
    }
    if (id !== undefined) send(socket, packet);
  }

  #refuse(socket: GatewaySocket, id: number | undefined, thrown: unknown, report: (status: number) => void): void {
    try {
      const error = publicError(thrown);
      report(error.status);
      if (error.code === "INTERNAL")
        this.#parts.refusals.error({ err: thrown, user: socket.data.identity?.user.id }, "call failed");
      if (id !== undefined) send(socket, encodeResponse(id, refusalFor(error), undefined, this.#calls.prefix));
    } catch (err) {
      this.#parts.log.error({ err }, "call could not be responded to");
    }
  }

  #reportFinished(action: unknown, status: number, started: number): void {
    const { finished } = this.#parts;
    if (!finished) return;
    const route = typeof action === "string" && this.#calls.isDeclared(action) ? action : "none";
    finished({ route, method: "CALL", status, seconds: (performance.now() - started) / 1000 });
  }
}

/**
 * Counts one use by a user and by all users of the address, or by the address where no user is known. Throws
 * RATE_LIMITED.
 */
export function countUse(limits: Limits, limit: LimitName, identity: Identity | undefined, { key }: Client): void {
  if (identity) {
    limits.user(limit, identity.user.id);
    limits.usersAtAddress(limit, key);
  } else limits.address(limit, key);
}

/** An event's name and arguments. Throws BAD_REQUEST, or TOO_DEEP. */
function parseEvent(json: string): readonly unknown[] {
  if (isTooDeep(json, MAX_DEPTH + 1)) throw refuse("TOO_DEEP"); // the array around the arguments is one level more
  try {
    return JSON.parse(json) as unknown[];
  } catch {
    throw refuse("BAD_REQUEST");
  }
}
