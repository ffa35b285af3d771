import { refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { type EngineConnection, takeMessages, webSocketOf } from "../internals/engine-connection.ts";
import {
  type EventPacket,
  encodeJoinRefusal,
  isUnread,
  type JoinPacket,
  type NamespaceEventPacket,
  readEvent,
  readJoin,
  readNamespaceEvent,
} from "../internals/packets.ts";
import type { Budget } from "../limits/limits.ts";
import { handshakeError } from "./refusals.ts";

/** The name of the namespace that every client can join. */
const MAIN = "/";
/**
 * Names that are sent back in a refusal: printable ASCII without a comma, which would end the name. A client that sends
 * another one is disconnected.
 */
const PLAIN_NAME = /^\/[!-+\--~]{0,63}$/;

/** What all guards use. */
export interface GuardParts {
  /** Runs an event of the main namespace. */
  runEvent(socket: GatewaySocket, event: EventPacket): void;
  /** Runs an event of another namespace. */
  runEventInNamespace(socket: GatewaySocket, event: EventPacket): void;
  /** Whether a feature declares a namespace of this name. */
  isDeclared(namespace: string): boolean;
  /** Counts a CONNECT packet as a handshake of its address. Throws RATE_LIMITED. */
  countJoin(conn: EngineConnection): void;
  /** Throws RATE_LIMITED where a client in so many namespaces, without the main one, may join no other one. */
  checkNamespaceCount(namespaces: number): void;
}

/**
 * Receives what a client sends over a WebSocket before Socket.IO does, from the first byte on. Everything is counted
 * before it is read, pings and pongs too. Events are run by `runEvent`. Socket.IO only gets packets that join or leave
 * a declared namespace; binary packets are dropped. A client that sends requests but does not read the responses is
 * disconnected, because the unread responses would fill the memory.
 */
export class Guard {
  readonly #conn: EngineConnection;
  readonly #budget: Budget;
  readonly #parts: GuardParts;
  readonly #giveToSocketIo: (message: string) => void;
  /** The socket of the main namespace. */
  #mainSocket: GatewaySocket | undefined;
  /** The sockets of other namespaces by name; undefined for a namespace that the client is joining. */
  #otherSockets: Map<string, GatewaySocket | undefined> | undefined;
  #connectPackets = 0;
  /** Whether any socket of the connection has been let in. */
  #wasAdmitted = false;

  constructor(conn: EngineConnection, budget: Budget, parts: GuardParts) {
    this.#conn = conn;
    this.#budget = budget;
    this.#parts = parts;
    // control frames of WebSocket; `ws` has responded to each by now (RFC 6455 5.5)
    const control = () => this.#handleControl();
    webSocketOf(conn).on("ping", control).on("pong", control);
    this.#giveToSocketIo = takeMessages(conn);
    conn.on("packet", ({ type, data }: { type: string; data?: unknown }) => {
      if (type === "message") this.#handleMessage(data);
      else this.#handleControl();
    });
  }

  /** Accepts the events of a socket from now on. */
  admit(socket: GatewaySocket): void {
    this.#wasAdmitted = true;
    if (socket.nsp.name === MAIN) this.#mainSocket = socket;
    else this.#otherSockets?.set(socket.nsp.name, socket);
  }

  /** Called when the client has left a namespace, or was refused. Closes a connection without a namespace. */
  leave(namespace: string): void {
    if (namespace === MAIN) this.#mainSocket = undefined;
    else this.#otherSockets?.delete(namespace);
    if (this.#wasAdmitted && this.#namespaceCount === 0) this.#conn.close();
  }

  /** Disconnects a socket: with its connection, unless the client is in other namespaces too. */
  disconnect(socket: GatewaySocket): void {
    const { name } = socket.nsp;
    const isCounted = name === MAIN ? this.#mainSocket !== undefined : this.#otherSockets?.has(name);
    socket.disconnect(this.#namespaceCount === (isCounted ? 1 : 0));
  }

  /** Number of namespaces that the client is in, or joining. */
  get #namespaceCount(): number {
    return (this.#mainSocket ? 1 : 0) + (this.#otherSockets?.size ?? 0);
  }

  #handleControl(): void {
    if (!this.#budget.take() || isUnread(this.#conn)) this.#conn.request.socket.destroy();
  }

  #handleMessage(data: unknown): void {
    const isAllowed = this.#budget.take() && !isUnread(this.#conn);
    const event = typeof data === "string" ? readEvent(data) : undefined;
    if (!isAllowed) this.#cutOff();
    else if (event && this.#mainSocket) this.#parts.runEvent(this.#mainSocket, event);
    else if (typeof data === "string") this.#handleOther(data, event !== undefined);
    // the binary packets of a client that was admitted belong to an event that was refused: they are dropped
    else if (!this.#wasAdmitted) this.#cutOff();
  }

  /** Handles a text packet that is no event for a socket of the main namespace. */
  #handleOther(packet: string, isForMain: boolean): void {
    const join = readJoin(packet);
    if (join?.isJoin) this.#join(join, packet);
    else if (join) this.#leave(join, packet);
    else this.#runEventInNamespace(isForMain ? undefined : readNamespaceEvent(packet), isForMain);
  }

  #runEventInNamespace(event: NamespaceEventPacket | undefined, isForMain: boolean): void {
    const socket = event && this.#otherSockets?.get(event.namespace);
    // the server may have closed the socket while the event was on its way; the other namespaces stay
    const isLate = isForMain || (event !== undefined && this.#parts.isDeclared(event.namespace));
    if (event && socket) this.#parts.runEventInNamespace(socket, event);
    else if (!isLate || this.#namespaceCount === 0) this.#cutOff();
  }

  #join({ namespace }: JoinPacket, packet: string): void {
    this.#connectPackets += 1;
    try {
      const isDeclared = namespace === MAIN || this.#parts.isDeclared(namespace);
      // the first CONNECT packet was counted with the handshake of the WebSocket
      if (this.#connectPackets > 1 || !isDeclared) this.#parts.countJoin(this.#conn);
      if (!isDeclared) throw refuse("NOT_FOUND");
      if (namespace !== MAIN) this.#reserveNamespace(namespace);
    } catch (thrown) {
      if (!PLAIN_NAME.test(namespace)) this.#cutOff();
      else this.#conn.write(encodeJoinRefusal(namespace, handshakeError(thrown)));
      return;
    }
    this.#giveToSocketIo(packet);
  }

  /** Marks a namespace as being joined. Socket.IO alone would accept a second CONNECT packet meanwhile. */
  #reserveNamespace(namespace: string): void {
    this.#otherSockets ??= new Map();
    if (this.#otherSockets.has(namespace)) throw refuse("BAD_REQUEST");
    this.#parts.checkNamespaceCount(this.#otherSockets.size);
    this.#otherSockets.set(namespace, undefined);
  }

  #leave({ namespace }: JoinPacket, packet: string): void {
    const socket = namespace === MAIN ? this.#mainSocket : this.#otherSockets?.get(namespace);
    if (socket || this.#namespaceCount === 0) this.#giveToSocketIo(packet);
  }

  /** Disconnects the client. The connection of one without a session is destroyed, without a closing handshake. */
  #cutOff(): void {
    const socket = this.#mainSocket ?? [...(this.#otherSockets?.values() ?? [])].find((one) => one !== undefined);
    if (socket && !isUnread(this.#conn)) socket.disconnect(true);
    else this.#conn.request.socket.destroy();
  }
}

/** The guards of the connections of this node. */
export class ConnectionGuards {
  readonly #guards = new WeakMap<EngineConnection, Guard>();

  add(conn: EngineConnection, guard: Guard): void {
    this.#guards.set(conn, guard);
  }

  /** Accepts the events of a socket from now on. */
  admit(socket: GatewaySocket): void {
    this.#guards.get(socket.conn)?.admit(socket);
  }

  /** Called when the client has left a namespace, or was refused. Closes a connection without a namespace. */
  leave({ conn, nsp }: GatewaySocket): void {
    this.#guards.get(conn)?.leave(nsp.name);
  }

  /** Disconnects a socket: with its connection, unless the client is in other namespaces too. */
  disconnect(socket: GatewaySocket): void {
    this.#guards.get(socket.conn)?.disconnect(socket);
  }
}
