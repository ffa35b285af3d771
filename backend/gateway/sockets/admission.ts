import type { Duplex } from "node:stream";
import { refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { type Identity, untilExpiry } from "../identity.ts";
import type { EngineConnection } from "../internals/engine-connection.ts";
import { forgetHandshake } from "../internals/engine-handshake.ts";
import type { UnsentBytes } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";
import type { GatewaySessions } from "../sessions.ts";
import type { ConnectionGuards } from "./guard.ts";
import { sessionGroup, userGroup } from "./local-sockets.ts";
import { handshakeError } from "./refusals.ts";
import type { SocketFeature } from "./socket-feature.ts";
import { moveOne } from "./socket-moves.ts";
import type { UserConnections } from "./user-connections.ts";

export interface AdmissionParts {
  readonly sessions: GatewaySessions;
  readonly features: readonly SocketFeature[];
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  /** Limits the connections of one user. */
  readonly users: UserConnections;
  readonly unsent: UnsentBytes;
  /** The client of a connection has authenticated. */
  hasSession(connection: Duplex): void;
  /** Where the connection of a socket came from, as its upgrade request said. */
  clientOf(socket: Pick<GatewaySocket, "request">): Client;
  readonly connections: ConnectionGuards;
}

/** Decides which clients get a socket, and how long they keep it: until their token expires or their session ends. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #asked = new WeakSet<EngineConnection>();
  /** One for all sockets. */
  readonly #onDisconnect: (this: GatewaySocket) => void;
  #isClosed = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    const closed = (socket: GatewaySocket) => this.#closed(socket);
    this.#onDisconnect = function (this: GatewaySocket) {
      closed(this);
    };
  }

  /** The identity that a handshake shows. Rejects with the refusal that Socket.IO sends to the client. */
  async authorize(socket: GatewaySocket): Promise<Identity> {
    const { conn } = socket;
    // one CONNECT at a time: two would join twice
    const isFirst = !this.#asked.has(conn);
    this.#asked.add(conn);
    try {
      if (this.#isLeaving) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      if (!isFirst) throw refuse("BAD_REQUEST");
      const identity = await this.#parts.sessions.verify((socket.handshake.auth as { token?: unknown }).token);
      if (this.#parts.users.isOneTooMany(identity.user.id, conn)) throw refuse("RATE_LIMITED", { retryAfter: 10 });
      return identity;
    } catch (thrown) {
      // the client may try again with another token: its connection lives on with the other namespaces
      if (isFirst) this.#asked.delete(conn);
      throw handshakeError(thrown);
    }
  }

  /** Keeps the identity of a socket, and closes the socket when the token expires. */
  remember(socket: GatewaySocket, identity: Identity): void {
    clearTimeout(socket.data.expiry);
    socket.data.client ??= this.#parts.clientOf(socket);
    socket.data.identity = identity;
    const { connections, clock } = this.#parts;
    socket.data.expiry = setTimeout(disconnect, untilExpiry(identity, clock()), connections, socket).unref();
  }

  /** The client has shown a fresh token. */
  renew(socket: GatewaySocket, identity: Identity): void {
    if (socket.connected && this.#parts.sessions.isCurrent(identity)) this.remember(socket, identity);
  }

  /**
   * Opens a socket whose handshake was authorized; false, and the socket is closed, when it may not be opened any more:
   * its session may have ended, its user's roles may have changed, its user may have opened others, or this node may
   * have begun to close its sockets, while its token was verified.
   */
  open(socket: GatewaySocket): boolean {
    const { identity } = socket.data;
    socket.on("disconnect", this.#onDisconnect);
    // without a listener Socket.IO prints the stack of every malformed packet
    socket.on("error", ignore);
    socket.data.connection = socket.request.socket;
    socket.data.unsent = this.#parts.unsent;
    if (this.#isLeaving) {
      moveOne(socket, this.#parts.connections);
      return false;
    }
    if (!identity || !this.#mayOpen(socket, identity)) {
      this.#parts.connections.disconnect(socket);
      return false;
    }
    const { auth } = socket.handshake;
    forgetHandshake(socket);
    void socket.join([sessionGroup(identity.user.sid), userGroup(identity.user.id)]);
    this.#parts.hasSession(socket.request.socket);
    socket.data.isOpened = true;
    this.#parts.connections.admit(socket);
    for (const feature of this.#parts.features) feature.opened?.({ id: socket.id, user: identity.user }, auth);
    return true;
  }

  /** Lets no client in any more: one whose socket has closed goes to another node. */
  close(): void {
    this.#isClosed = true;
    for (const feature of this.#parts.features) feature.draining?.();
  }

  /** Whether the clients of this node go to other nodes. */
  get #isLeaving(): boolean {
    return this.#isClosed || this.#parts.isUnfit();
  }

  #closed(socket: GatewaySocket): void {
    const { expiry, identity, isOpened } = socket.data;
    clearTimeout(expiry);
    if (identity && isOpened) {
      for (const feature of this.#parts.features) feature.closed?.({ id: socket.id, user: identity.user });
    }
    this.#asked.delete(socket.conn);
    // a client that leaves its last namespace has no identity any more: no expiry and no end of a session would close
    // its connection
    this.#parts.connections.left(socket);
  }

  #mayOpen({ conn }: GatewaySocket, identity: Identity): boolean {
    const { sessions, users } = this.#parts;
    return sessions.isCurrent(identity) && !users.isOneTooMany(identity.user.id, conn);
  }
}

function ignore(): void {}

function disconnect(connections: ConnectionGuards, socket: GatewaySocket): void {
  connections.disconnect(socket);
}
