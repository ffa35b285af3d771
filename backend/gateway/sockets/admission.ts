import type { Duplex } from "node:stream";
import { refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import type { Identity } from "../identity.ts";
import type { EngineConnection } from "../internals/engine-connection.ts";
import { forgetHandshake } from "../internals/engine-handshake.ts";
import type { UnsentBytes } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";
import type { GatewaySessions } from "../sessions.ts";
import type { ConnectionGuards } from "./guard.ts";
import type { LocalSockets } from "./local-sockets.ts";
import { handshakeError } from "./refusals.ts";
import type { SocketFeature } from "./socket-feature.ts";
import { moveSocket } from "./socket-moves.ts";
import type { TokenExpiry } from "./token-expiry.ts";
import type { UserConnections } from "./user-connections.ts";

export interface AdmissionParts {
  readonly sessions: GatewaySessions;
  readonly sockets: LocalSockets;
  readonly features: readonly SocketFeature[];
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  readonly tokens: TokenExpiry;
  /** Limits the connections of one user. */
  readonly users: UserConnections;
  readonly unsent: UnsentBytes;
  /** Called when the client of a connection has authenticated. */
  hasSession(connection: Duplex): void;
  /** The client of a socket, as its upgrade request named it. */
  clientOf(socket: Pick<GatewaySocket, "request">): Client;
  readonly connections: ConnectionGuards;
}

/** Decides which clients get a socket in the main namespace. It ends when its token expires or its session ends. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #connecting = new WeakSet<EngineConnection>();
  /** One listener for all sockets, because each function would cost memory. */
  readonly #onDisconnect: (this: GatewaySocket) => void;
  #isClosed = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    const closed = (socket: GatewaySocket) => this.#onClosed(socket);
    this.#onDisconnect = function (this: GatewaySocket) {
      closed(this);
    };
  }

  /** Verifies the token of a CONNECT packet. Rejects with the refusal that Socket.IO sends to the client. */
  async authorize(socket: GatewaySocket): Promise<Identity> {
    const { conn } = socket;
    // one CONNECT packet at a time: with two the client would get two sockets
    const isFirst = !this.#connecting.has(conn);
    this.#connecting.add(conn);
    try {
      if (this.#isLeaving) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      if (!isFirst) throw refuse("BAD_REQUEST");
      const identity = await this.#parts.sessions.verify((socket.handshake.auth as { token?: unknown }).token);
      if (this.#parts.users.isOneTooMany(identity.user.id, conn)) throw refuse("RATE_LIMITED", { retryAfter: 10 });
      return identity;
    } catch (thrown) {
      // the client may try again with another token: the connection stays open for other namespaces
      if (isFirst) this.#connecting.delete(conn);
      throw handshakeError(thrown);
    }
  }

  /** Called with the identity of a socket that is about to be opened. */
  setIdentity(socket: GatewaySocket, identity: Identity): void {
    socket.data.client = this.#parts.clientOf(socket);
    socket.data.identity = identity;
  }

  /** Sets the identity of a fresh token, unless the socket or the session has ended meanwhile. */
  renew(socket: GatewaySocket, identity: Identity): void {
    if (socket.connected && this.#parts.sessions.isCurrent(identity)) this.#parts.tokens.set(socket, identity);
  }

  /**
   * Opens a socket whose token was verified. Returns false, and closes the socket, where something has changed while
   * the token was verified: the session has ended, the user's roles have changed, the user has opened too many other
   * connections, or this node has begun to close its sockets.
   */
  open(socket: GatewaySocket): boolean {
    const { identity } = socket.data;
    socket.on("disconnect", this.#onDisconnect);
    // without a listener Socket.IO prints the stack of every malformed packet
    socket.on("error", ignore);
    socket.data.connection = socket.request.socket;
    socket.data.unsent = this.#parts.unsent;
    if (this.#isLeaving) {
      moveSocket(socket, this.#parts.connections);
      return false;
    }
    if (!identity || !this.#mayOpen(socket, identity)) {
      this.#parts.connections.disconnect(socket);
      return false;
    }
    const { auth } = socket.handshake;
    forgetHandshake(socket);
    this.#parts.sockets.add(socket, identity.user);
    this.#parts.tokens.set(socket, identity);
    this.#parts.hasSession(socket.request.socket);
    socket.data.isOpened = true;
    this.#parts.connections.admit(socket);
    for (const feature of this.#parts.features) feature.opened?.({ id: socket.id, user: identity.user }, auth);
    return true;
  }

  /** Refuses new clients from now on; they connect to another node. */
  refuseNew(): void {
    this.#isClosed = true;
    for (const feature of this.#parts.features) feature.draining?.();
  }

  /** Whether clients have to connect to another node. */
  get #isLeaving(): boolean {
    return this.#isClosed || this.#parts.isUnfit();
  }

  #onClosed(socket: GatewaySocket): void {
    const { identity, isOpened } = socket.data;
    this.#parts.tokens.clear(socket);
    this.#parts.sockets.remove(socket, identity?.user);
    if (identity && isOpened) {
      for (const feature of this.#parts.features) feature.closed?.({ id: socket.id, user: identity.user });
    }
    this.#connecting.delete(socket.conn);
    // a client that has left its last namespace has no identity, so that no expiry and no end of a session would close
    // its connection
    this.#parts.connections.leave(socket);
  }

  #mayOpen({ conn }: GatewaySocket, identity: Identity): boolean {
    const { sessions, users } = this.#parts;
    return sessions.isCurrent(identity) && !users.isOneTooMany(identity.user.id, conn);
  }
}

function ignore(): void {}
