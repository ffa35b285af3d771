import type { Duplex } from "node:stream";
import type { PresenceNews } from "../../chat/presence.ts";
import { type Events, publicError, refuse } from "../../contract/index.ts";
import { type Identity, identify } from "../identity.ts";
import type { CapTable } from "../limits/caps/table.ts";
import type { UnsentBytes } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";
import { createFanOut, type RoomListening, roomOf, sessionOf, userOf } from "./fan-out.ts";
import type { GatewayIo, GatewaySocket } from "./gateway-socket.ts";
import { type EngineConnection, Guard } from "./guard.ts";
import { Recent } from "./recent.ts";
import type { RoomPositions } from "./room-positions.ts";
import { type CallParts, createSocketCalls, visible } from "./socket-calls.ts";
import type { SocketEvent } from "./socket-event.ts";
import { moveSockets } from "./socket-moves.ts";

export interface SocketParts extends Omit<CallParts, "fanOut" | "renew"> {
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly positions: RoomPositions;
  /** Compares rooms with the database in a moment. */
  compareSoon(rooms: Iterable<string>): void;
  readonly listening: RoomListening;
  readonly caps: CapTable["sockets"];
  readonly unsent: UnsentBytes;
  /** The client of a connection has authenticated. */
  hasSession(connection: Duplex): void;
  /** Where the connection of a socket came from, as the upgrade door saw it. */
  clientOf(socket: GatewaySocket): Client;
}

/** What moleculer-io asks of us, and what services tell the sockets of this node. */
export interface SocketGateway {
  attach(io: GatewayIo): void;
  /** Puts a handshake through; throws the refusal, so that nothing but an identity lets a socket in. */
  authorize(socket: GatewaySocket): Promise<Identity>;
  remember(socket: GatewaySocket, identity: Identity): void;
  broadcast(event: SocketEvent): void;
  /** Tells the sockets of this node who has come and gone, as far as they may know. */
  tell(news: readonly PresenceNews[]): void;
  /** A user is no longer in a room: the user's sockets receive no more events of it. */
  expel(left: Events["chat.left"]): void;
  /** Broadcasts to these rooms, or to any, may not have come: clients that are joining may lack them. */
  doubt(rooms?: Iterable<string>): void;
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

/** setTimeout's own limit. */
const LONGEST = 2 ** 31 - 1;

export function createSocketGateway(parts: SocketParts): SocketGateway {
  const { broker, limits, presence, positions, caps, unsent, clientOf } = parts;
  let io: GatewayIo | undefined;
  let isClosed = false;
  const asked = new WeakSet<EngineConnection>();
  const guards = new WeakMap<EngineConnection, Guard>();
  const ended = new Recent();
  /** Users whose roles have changed. */
  const changed = new Recent();
  const fanOut = createFanOut(() => io, positions, parts.compareSoon, parts.listening);
  const calls = createSocketCalls({ ...parts, fanOut, renew });

  async function authorize(socket: GatewaySocket): Promise<Identity> {
    try {
      if (isClosed || parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      // one CONNECT for each connection: more would try tokens, or join twice, past the limit of handshakes
      if (asked.has(socket.conn)) throw refuse("BAD_REQUEST");
      asked.add(socket.conn);
      socket.data.askedAt = performance.now();
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

  function renew(socket: GatewaySocket, identity: Identity): void {
    if (socket.connected && !ended.has(identity.user.sid)) remember(socket, identity);
  }

  function admit(socket: GatewaySocket): void {
    const { identity, askedAt } = socket.data;
    socket.on("disconnect", left);
    // without a listener Socket.IO prints the stack of every malformed packet
    socket.on("error", ignore);
    // its session may have ended, the user's roles have changed, or other sockets of the user have come in, while its
    // token was being verified
    if (!identity || ended.has(identity.user.sid) || changed.has(identity.user.id, askedAt) || hasMost(identity))
      return void socket.disconnect(true);
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

  return {
    attach(server) {
      io = server;
      server.engine.on("connection", (conn: EngineConnection) => {
        guards.set(conn, new Guard(conn, limits.budget("packet"), calls.take));
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
    doubt: fanOut.doubt,
    endSession(sid) {
      ended.add(sid);
      io?.local.in(sessionOf(sid)).disconnectSockets(true);
    },
    refresh(userId) {
      changed.add(userId);
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
    move: (spread) => moveSockets([...(io?.of("/").sockets.values() ?? [])], spread),
    async drain() {
      await calls.drain();
      io?.local.disconnectSockets(true);
    },
  };
}

/**
 * Empties what Socket.IO and Engine.IO keep of the handshake as long as the connection lives: its headers, and the
 * access token, which are not needed any more.
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

/** Socket.IO sends an error's message and data to the client whose handshake it refuses. */
function connectError(thrown: unknown): Error {
  const error = publicError(thrown);
  return Object.assign(new Error(error.code), { data: visible(error) });
}
