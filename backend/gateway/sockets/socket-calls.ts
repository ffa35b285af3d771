import type { ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import type { DeviceState } from "../../chat/presence.ts";
import { type Meta, type PublicError, publicError, type ResultOf, refuse } from "../../contract/index.ts";
import { type SocketAction, type SocketEntry, socket as socketEntries } from "../../surface.ts";
import { outside } from "../http/handler.ts";
import { type Identity, identify } from "../identity.ts";
import { type EventPacket, encodeResponse, send } from "../internals/packets.ts";
import type { HistoryBudget, HistoryReservation } from "../limits/caps/byte-budget.ts";
import type { Client } from "../limits/client-address.ts";
import { isTooDeep, MAX_DEPTH } from "../limits/depth.ts";
import type { LimitName, Limits } from "../limits/limits.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import type { Finished } from "../metrics.ts";
import type { FanOut } from "./fan-out.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import type { LocalPresence } from "./presence.ts";

export interface CallParts {
  readonly broker: ServiceBroker;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  readonly log: Logger;
  readonly refusals: RefusalLog;
  readonly limits: Limits;
  readonly presence: LocalPresence;
  readonly history: HistoryBudget;
  readonly fanOut: Pick<FanOut, "join" | "leave">;
  /** The client of a socket has shown a fresh token of the same session. */
  renew(socket: GatewaySocket, identity: Identity): void;
  /** Told of every call that was answered. */
  readonly finished?: ((facts: Finished) => void) | undefined;
}

/** Does what clients ask for over their sockets. */
export interface SocketCalls {
  /** Does what an event asks for; whatever is thrown becomes an answer, never an unhandled rejection. */
  take(socket: GatewaySocket, packet: EventPacket): Promise<void>;
  /** Refuses the calls that come from now on, and resolves when those under way have been answered. */
  drain(): Promise<void>;
}

/** An event while it is handled. */
interface EventCall {
  /** Set by a call that reads messages, before it reads them. */
  history: HistoryReservation | undefined;
}

type Handler = (socket: GatewaySocket, args: readonly unknown[], event: EventCall) => Promise<unknown>;

const entries: ReadonlyMap<string, SocketEntry> = new Map(socketEntries.map((entry) => [entry.action, entry]));

export function createSocketCalls(parts: CallParts): SocketCalls {
  const { broker, log, limits, presence, fanOut, finished } = parts;
  let active = 0;
  let drained: (() => void) | undefined;

  function becomes(socket: GatewaySocket, state: DeviceState): void {
    const { identity, device } = socket.data;
    if (!identity || !device || !socket.connected) return;
    socket.data.device = state;
    presence.opened(identity.user.id, state);
    presence.closed(identity.user.id, device);
  }

  /**
   * Counts a refused event; false when the user, or all users of the address, have had too many. Accepted ones are
   * counted by their rate class.
   */
  function isWithinRefusals({ data: { identity, client } }: GatewaySocket): boolean {
    try {
      if (identity && client) count("refusal", identity, client);
      return true;
    } catch {
      return false;
    }
  }

  async function take(socket: GatewaySocket, { id, json }: EventPacket): Promise<void> {
    const started = finished ? performance.now() : 0;
    const event: EventCall = { history: undefined };
    let action: unknown;
    active++;
    socket.data.calls = (socket.data.calls ?? 0) + 1;
    try {
      if (isTooDeep(json, MAX_DEPTH + 1)) throw refuse("TOO_DEEP"); // the array around the arguments is one level more
      const [name, ...args] = parse(json);
      const handler = typeof name === "string" ? handlers.get(name) : undefined;
      if (!handler) throw refuse("NOT_FOUND");
      action = args[0];
      const result = await handler(socket, args, event);
      answerCall(socket, id, event, result);
      told(action, 200, started);
    } catch (thrown) {
      if (event.history) parts.history.settle(event.history, 0);
      refuseCall(socket, id, thrown, (status) => told(action, status, started));
      if (!isWithinRefusals(socket)) socket.disconnect(true);
    } finally {
      socket.data.calls -= 1;
      if (socket.data.isMoving && socket.data.calls === 0) socket.disconnect(true);
      if (--active === 0) drained?.();
    }
  }

  function answerRefused(socket: GatewaySocket, id: number | undefined, error: object): void {
    if (id !== undefined) send(socket, encodeResponse(id, error));
  }

  /**
   * Responds to a call. Bytes of messages are counted also when the client wants no response: they were read all the
   * same.
   */
  function answerCall(socket: GatewaySocket, id: number | undefined, event: EventCall, result: unknown): void {
    if (id === undefined && event.history === undefined) return;
    const packet = encodeResponse(id ?? 0, null, result);
    if (event.history) {
      parts.history.settle(event.history, packet.frame.length);
      event.history = undefined;
    }
    if (id !== undefined) send(socket, packet);
  }

  function refuseCall(
    socket: GatewaySocket,
    id: number | undefined,
    thrown: unknown,
    done: (status: number) => void,
  ): void {
    try {
      const error = publicError(thrown);
      done(error.status);
      if (error.code === "INTERNAL")
        parts.refusals.error({ err: thrown, user: socket.data.identity?.user.id }, "call failed");
      answerRefused(socket, id, visible(error));
    } catch (err) {
      log.error({ err }, "call could not be answered");
    }
  }

  function told(action: unknown, status: number, started: number): void {
    if (!finished) return;
    const route = typeof action === "string" && entries.has(action) ? action : "none";
    finished({ route, method: "CALL", status, seconds: (performance.now() - started) / 1000 });
  }

  /** Counts one use by a user and by all users of their address. Throws RATE_LIMITED. */
  function count(limit: LimitName, { user }: Identity, client: Client): void {
    limits.user(limit, user.id);
    limits.users(limit, client.key);
  }

  const call: Handler = (socket, [action, given], event) => {
    if (drained || socket.data.isMoving || parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    const { identity, client } = socket.data;
    if (!identity || !client) throw refuse("UNAUTHORIZED");
    const entry = typeof action === "string" ? entries.get(action) : undefined;
    if (!entry) throw refuse("NOT_FOUND");
    const params = given ?? {};
    if (typeof params !== "object" || Array.isArray(params)) throw refuse("VALIDATION");
    count(entry.rate, identity, client);
    const meta: Meta = { user: identity.user, client: { address: client.address } };
    const act = (): Promise<unknown> => broker.call(entry.action, params, outside(meta));
    const run = () => limits.everywhere(entry.rate, client.key, identity.user.id)?.then(act) ?? act();
    switch (entry.action as SocketAction) {
      case "chat.join":
        event.history = parts.history.take(identity.user.id, client.key);
        return fanOut.join(socket, (params as { room?: unknown }).room, run);
      case "chat.history":
        event.history = parts.history.take(identity.user.id, client.key);
        return run();
      case "chat.leave":
        return fanOut.leave(socket, run);
      case "chat.setPresence":
        return run().then((set) => {
          becomes(socket, (set as ResultOf<"chat.setPresence">).state);
          return set;
        });
      default:
        return run();
    }
  };

  const authenticate: Handler = async (socket, [token]) => {
    const { identity: before, client } = socket.data;
    if (!before || !client) throw refuse("UNAUTHORIZED");
    count("token", before, client);
    const identity = await identify(broker, token);
    // a fresh token for the same session; another user needs another socket
    if (identity.user.id !== before.user.id || identity.user.sid !== before.user.sid) throw refuse("UNAUTHORIZED");
    parts.renew(socket, identity);
    return { expiresAt: identity.expiresAt };
  };
  /** The two events a client may send: a call, and a fresh access token. */
  const handlers: ReadonlyMap<string, Handler> = new Map([
    ["call", call],
    ["authenticate", authenticate],
  ]);

  return {
    take,
    drain: () =>
      new Promise((resolve) => {
        drained = resolve;
        if (active === 0) resolve();
      }),
  };
}

/** An event's name and arguments. */
function parse(json: string): readonly unknown[] {
  try {
    return JSON.parse(json) as unknown[];
  } catch {
    throw refuse("BAD_REQUEST");
  }
}

/** What a client sees of a refusal: the same as in an HTTP body. */
export function visible({ code, message, field, retryAfter }: PublicError): object {
  return {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}
