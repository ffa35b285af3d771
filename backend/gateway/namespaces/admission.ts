import type { Duplex } from "node:stream";
import { refuse } from "../../contract/index.ts";
import type { NamespaceEntry } from "../../surface.ts";
import type { AssertionGuard } from "../assertion-guard.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { checkAccess, type Identity } from "../identity.ts";
import { forgetHandshake } from "../internals/engine-handshake.ts";
import type { Slots } from "../limits/caps/slots.ts";
import type { UnsentBytes } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";
import type { GatewaySessions } from "../sessions.ts";
import type { ConnectionGuards } from "../sockets/guard.ts";
import type { LocalSockets } from "../sockets/local-sockets.ts";
import { handshakeError } from "../sockets/refusals.ts";
import { moveSocket } from "../sockets/socket-moves.ts";
import type { TokenExpiry } from "../sockets/token-expiry.ts";
import type { UserConnections } from "../sockets/user-connections.ts";

export interface NamespaceAdmissionParts {
  readonly sessions: GatewaySessions;
  readonly connections: ConnectionGuards;
  /** Sockets of clients that have shown no token, in public namespaces. */
  readonly anonymous: Slots;
  readonly unsent: UnsentBytes;
  /** Limits the connections of one user. */
  readonly users: UserConnections;
  readonly tokens: TokenExpiry;
  /** Undefined where administrators need no assertion. */
  readonly assertions: AssertionGuard | undefined;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  /** Called when the client of a connection has joined: the connection is not closed for not authenticating. */
  hasSession(connection: Duplex): void;
  clientOf(socket: Pick<GatewaySocket, "request">): Client;
}

/**
 * Decides which clients may join a namespace. A client leaves it when its token expires or its session ends. Each
 * namespace of a connection has the identity of its own token, and no other.
 */
export class NamespaceAdmission {
  readonly #entry: NamespaceEntry;
  readonly #sockets: LocalSockets;
  readonly #parts: NamespaceAdmissionParts;
  readonly #onDisconnect: (this: GatewaySocket) => void;
  #isClosed = false;

  constructor(entry: NamespaceEntry, sockets: LocalSockets, parts: NamespaceAdmissionParts) {
    this.#entry = entry;
    this.#sockets = sockets;
    this.#parts = parts;
    const closed = (socket: GatewaySocket) => this.#onClosed(socket);
    this.#onDisconnect = function (this: GatewaySocket) {
      closed(this);
    };
  }

  /**
   * Verifies the token of a CONNECT packet; undefined for a client without a token in a public namespace. Rejects with
   * the refusal that Socket.IO sends to the client.
   */
  async authorize(socket: GatewaySocket): Promise<Identity | undefined> {
    try {
      if (this.#isLeaving) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      const identity = await this.#identityOf(socket);
      if (identity && this.#parts.users.isOneTooMany(identity.user.id, socket.conn))
        throw refuse("RATE_LIMITED", { retryAfter: 10 });
      return identity;
    } catch (thrown) {
      this.#parts.connections.leave(socket);
      throw handshakeError(thrown);
    }
  }

  /** Called with the identity of a socket that is about to be opened. */
  setIdentity(socket: GatewaySocket, identity: Identity): void {
    socket.data.identity = identity;
  }

  /** Sets the identity of a fresh token, unless the socket or the session has ended meanwhile. */
  renew(socket: GatewaySocket, identity: Identity): void {
    if (socket.connected && this.#parts.sessions.isCurrent(identity)) this.#parts.tokens.set(socket, identity);
  }

  /** Opens a socket whose token was verified, or closes it where something has changed meanwhile. */
  open(socket: GatewaySocket): void {
    const { connections, clientOf, unsent } = this.#parts;
    const { identity } = socket.data;
    const client = clientOf(socket);
    socket.on("disconnect", this.#onDisconnect);
    // without a listener Socket.IO prints the stack of every malformed packet
    socket.on("error", () => undefined);
    Object.assign(socket.data, { client, unsent, connection: socket.request.socket });
    if (this.#isLeaving) {
      moveSocket(socket, connections);
      return;
    }
    if (!this.#mayOpen(socket, identity, client)) {
      connections.disconnect(socket);
      return;
    }
    forgetHandshake(socket);
    this.#sockets.add(socket, identity?.user);
    if (identity) this.#parts.tokens.set(socket, identity);
    this.#parts.hasSession(socket.request.socket);
    connections.admit(socket);
  }

  /** Refuses new clients from now on. */
  refuseNew(): void {
    this.#isClosed = true;
  }

  /** Whether clients have to connect to another node. */
  get #isLeaving(): boolean {
    return this.#isClosed || this.#parts.isUnfit();
  }

  async #identityOf(socket: GatewaySocket): Promise<Identity | undefined> {
    const { access } = this.#entry;
    const { token } = socket.handshake.auth as { readonly token?: unknown };
    if (access === "public" && token === undefined) return undefined;
    const identity = await this.#parts.sessions.verify(token);
    checkAccess(access, identity);
    await this.#parts.assertions?.checkSocket(access, identity, socket);
    return identity;
  }

  #mayOpen(socket: GatewaySocket, identity: Identity | undefined, client: Client): boolean {
    const { sessions, anonymous, connections, users } = this.#parts;
    if (identity) return sessions.isCurrent(identity) && !users.isOneTooMany(identity.user.id, socket.conn);
    return anonymous.take(socket, client.key, () => connections.disconnect(socket));
  }

  #onClosed(socket: GatewaySocket): void {
    this.#parts.tokens.clear(socket);
    this.#sockets.remove(socket, socket.data.identity?.user);
    this.#parts.anonymous.release(socket);
    this.#parts.connections.leave(socket);
  }
}
