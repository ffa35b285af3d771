import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import { type Events, type Meta, type PublicError, publicError, type ResultOf, refuse } from "../contract/index.ts";
import type { DeviceState, PresenceNews } from "../domain/presence.ts";
import { type SocketAction, type SocketEntry, socket as socketEntries } from "../surface.ts";
import type { HistoryBudget, HistoryReservation } from "./caps/byte-budget.ts";
import type { CapTable } from "./caps/table.ts";
import type { UnsentBytes } from "./caps/unsent-bytes.ts";
import type { Client } from "./client-address.ts";
import { isTooDeep, MAX_DEPTH } from "./depth.ts";
import { createFanOut, type RoomListening, roomOf, sessionOf, userOf } from "./fan-out.ts";
import type { GatewayIo, GatewaySocket } from "./gateway-socket.ts";
import { type Connection, Guard } from "./guard.ts";
import { outside } from "./http.ts";
import { type Identity, identify } from "./identity.ts";
import type { LimitName, Limits } from "./limits.ts";
import type { Finished } from "./metrics.ts";
import { answerLetter, type EventPacket, eventLetter, send } from "./packets.ts";
import type { LocalPresence } from "./presence.ts";
import type { RefusalLog } from "./refusal-log.ts";
import type { RoomPositions } from "./room-positions.ts";
import type { SocketEvent } from "./socket-event.ts";

export interface SocketParts {
  readonly broker: ServiceBroker;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  readonly log: Logger;
  readonly refusals: RefusalLog;
  readonly limits: Limits;
  readonly presence: LocalPresence;
  readonly positions: RoomPositions;
  readonly listening: RoomListening;
  readonly caps: CapTable["sockets"];
  readonly unsent: UnsentBytes;
  /** The client of a connection has authenticated. */
  hasSession(connection: Duplex): void;
  readonly history: HistoryBudget;
  /** Where the connection of a socket came from, as the upgrade door saw it. */
  clientOf(socket: GatewaySocket): Client;
  /** Told of every call that was answered. */
  readonly finished?: ((facts: Finished) => void) | undefined;
}

/** An event while it is handled. */
interface EventCall {
  /** Set by a call that reads messages, before it reads them. */
  history: HistoryReservation | undefined;
}

type Handler = (socket: GatewaySocket, args: readonly unknown[], event: EventCall) => Promise<unknown>;

/** What moleculer-io asks of us, and what services tell the sockets of this node. */
export interface SocketDoor {
  attach(io: GatewayIo): void;
  /** Puts a handshake through; throws the refusal, so that nothing but an identity lets a socket in. */
  authorize(socket: GatewaySocket): Promise<Identity>;
  remember(socket: GatewaySocket, identity: Identity): void;
  broadcast(event: SocketEvent): void;
  /** Tells the sockets of this node who has come and gone, as far as they may know. */
  tell(news: readonly PresenceNews[]): void;
  /** Somebody is no longer in a room: their sockets hear nothing more of it. */
  expel(left: Events["chat.left"]): void;
  endSession(sid: string): void;
  /** Closes the sockets of a user whose roles have changed: they come back with the ones that count now. */
  refresh(userId: string): void;
  /** Closes every socket. */
  endAll(): void;
  /** Sockets that are connected now. */
  readonly open: number;
  /**
   * Closes one socket after the other, evenly over so many milliseconds, so that each client finds another node while
   * this one still serves the rest. A socket with calls under way closes after them.
   */
  move(spread: number): Promise<void>;
  /** Lets no client in any more: one whose socket has closed comes to another node. */
  refuseNew(): void;
  /** Waits for the calls under way, then closes all. */
  drain(): Promise<void>;
}

const entries: ReadonlyMap<string, SocketEntry> = new Map(socketEntries.map((entry) => [entry.action, entry]));
/** setTimeout's own limit. */
const LONGEST = 2 ** 31 - 1;
/** Milliseconds for which the end of a session is remembered: longer than verifying a token takes. */
const ENDED_MEMORY = 60_000;
/** Milliseconds between two steps in which sockets are moved. */
const MOVE_STEP = 20;

export function createSocketDoor(parts: SocketParts): SocketDoor {
  const { broker, log, limits, presence, positions, caps, unsent, clientOf, finished } = parts;
  let io: GatewayIo | undefined;
  let active = 0;
  let isClosed = false;
  let drained: (() => void) | undefined;
  const asked = new WeakSet<Connection>();
  const guards = new WeakMap<Connection, Guard>();
  const ended = new Map<string, number>();
  const fanOut = createFanOut(() => io, positions, parts.listening);

  async function authorize(socket: GatewaySocket): Promise<Identity> {
    try {
      if (isClosed || parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      // one connection asks once: nobody tries tokens, or joins twice, behind the limit of handshakes
      if (asked.has(socket.conn)) throw refuse("BAD_REQUEST");
      asked.add(socket.conn);
      const identity = await identify(broker, (socket.handshake.auth as { token?: unknown }).token);
      if (ended.has(identity.user.sid)) throw refuse("UNAUTHORIZED");
      if (hasMost(identity)) throw refuse("RATE_LIMITED", { retryAfter: 10 });
      return identity;
    } catch (thrown) {
      throw connectError(thrown);
    }
  }

  function hasMost({ user }: Identity): boolean {
    return (io?.of("/").adapter.rooms.get(userOf(user.id))?.size ?? 0) >= caps.user;
  }

  function remember(socket: GatewaySocket, identity: Identity): void {
    clearTimeout(socket.data.expiry);
    socket.data.client ??= clientOf(socket);
    socket.data.identity = identity;
    const left = Math.min(Math.max(0, identity.expiresAt - parts.clock()), LONGEST);
    socket.data.expiry = setTimeout(disconnect, left, socket).unref();
  }

  function admit(socket: GatewaySocket): void {
    const { identity } = socket.data;
    socket.on("disconnect", left);
    // without a listener Socket.IO prints the stack of every malformed packet
    socket.on("error", ignore);
    // its session may have ended, or other sockets of the user have come in, while its token was being verified
    if (!identity || ended.has(identity.user.sid) || hasMost(identity)) return void socket.disconnect(true);
    const { state } = socket.handshake.auth as { state?: unknown };
    const device = state === "away" ? "away" : "online";
    forgetHandshake(socket);
    void socket.join([sessionOf(identity.user.sid), userOf(identity.user.id)]);
    socket.data.connection = socket.request.socket;
    socket.data.unsent = unsent;
    parts.hasSession(socket.request.socket);
    socket.data.device = device;
    presence.opened(identity.user.id, device);
    guards.get(socket.conn)?.admit(socket);
  }

  function left(this: GatewaySocket): void {
    const { expiry, identity, device } = this.data;
    clearTimeout(expiry);
    if (identity && device) presence.closed(identity.user.id, device);
    // who leaves the namespace has no identity any more, so that no expiry and no end of a session would close the
    // connection
    this.conn.close();
  }

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

  /** Does what an event asks for; whatever is thrown becomes an answer, never an unhandled rejection. */
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

  /** Tells a client to connect again at once. */
  function moveOne(socket: GatewaySocket): void {
    socket.data.isMoving = true;
    send(socket, eventLetter("drain", { retryAfter: 0 }));
    if (!socket.data.calls) socket.disconnect(true);
  }

  function answerRefused(socket: GatewaySocket, id: number | undefined, error: object): void {
    if (id !== undefined) send(socket, answerLetter(id, error));
  }

  /**
   * Responds to a call. Bytes of messages are counted also when the client wants no response: they were read all the
   * same.
   */
  function answerCall(socket: GatewaySocket, id: number | undefined, event: EventCall, result: unknown): void {
    if (id === undefined && event.history === undefined) return;
    const packet = answerLetter(id ?? 0, null, result);
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
    if (socket.connected && !ended.has(identity.user.sid)) remember(socket, identity);
    return { expiresAt: identity.expiresAt };
  };
  /** The two events a client may send: a call, and a fresh access token. */
  const handlers: ReadonlyMap<string, Handler> = new Map([
    ["call", call],
    ["authenticate", authenticate],
  ]);

  return {
    attach(server) {
      io = server;
      server.engine.on("connection", (conn: Connection) => {
        guards.set(conn, new Guard(conn, limits.budget("packet"), take));
      });
      server.on("connection", admit);
      const start = roomOf("");
      server.of("/").adapter.on("delete-room", (room: string) => {
        if (!room.startsWith(start)) return;
        positions.emptied(room.slice(start.length));
        fanOut.emptied(room.slice(start.length));
      });
    },
    authorize,
    remember,
    broadcast: fanOut.broadcast,
    tell: fanOut.tell,
    expel: fanOut.expel,
    endSession(sid) {
      const now = performance.now();
      for (const [known, at] of ended) {
        if (now - at <= ENDED_MEMORY) break; // they stand in the order of their time
        ended.delete(known);
      }
      ended.delete(sid);
      ended.set(sid, now);
      io?.local.in(sessionOf(sid)).disconnectSockets(true);
    },
    refresh(userId) {
      io?.local.in(userOf(userId)).disconnectSockets(true);
    },
    endAll() {
      io?.local.disconnectSockets(true);
    },
    get open() {
      return io?.of("/").sockets.size ?? 0;
    },
    refuseNew() {
      isClosed = true;
    },
    async move(spread) {
      const waiting = [...(io?.of("/").sockets.values() ?? [])];
      const started = performance.now();
      const count = waiting.length;
      for (;;) {
        const share = spread > 0 ? Math.min(1, (performance.now() - started + MOVE_STEP) / spread) : 1;
        const left = Math.floor(count * (1 - share));
        for (const socket of waiting.splice(left)) if (socket.connected) moveOne(socket);
        if (waiting.length === 0) return;
        await delay(MOVE_STEP, undefined, { ref: false });
      }
    },
    async drain() {
      const idle = new Promise<void>((resolve) => {
        drained = resolve;
        if (active === 0) resolve();
      });
      await idle;
      io?.local.disconnectSockets(true);
    },
  };
}

/**
 * Empties what Socket.IO and Engine.IO keep of the handshake as long as the connection lives: its headers, and the
 * access token, which nobody needs any more.
 */
function forgetHandshake({ request, handshake }: GatewaySocket): void {
  Object.assign(request, { headers: NONE, rawHeaders: [] });
  Object.assign(handshake, { headers: NONE, auth: NONE, query: NONE });
}

const NONE = Object.freeze({});

function ignore(): void {}

function disconnect(socket: GatewaySocket): void {
  socket.disconnect(true);
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
function visible({ code, message, field, retryAfter }: PublicError): object {
  return {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** Socket.IO sends an error's message and data to the client whose handshake it refuses. */
function connectError(thrown: unknown): Error {
  const error = publicError(thrown);
  return Object.assign(new Error(error.code), { data: visible(error) });
}
