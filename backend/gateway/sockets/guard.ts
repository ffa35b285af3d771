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

/** What guards have in common. */
export interface GuardParts {
  /** Gets the events of the main namespace. */
  take(socket: GatewaySocket, event: EventPacket): void;
  /** Gets the events of another namespace. */
  takeInNamespace(socket: GatewaySocket, event: EventPacket): void;
  /** Whether a namespace is declared. */
  isDeclared(namespace: string): boolean;
  /** Counts a CONNECT that a handshake has not paid for. Throws RATE_LIMITED. */
  countJoin(conn: EngineConnection): void;
  /** Throws RATE_LIMITED where a client that is in so many namespaces, the main one not counted, may join no other. */
  checkNumber(namespaces: number): void;
}

/**
 * Receives what a client sends over a WebSocket before Socket.IO does, from the first byte on. Everything is counted
 * before it is read, pings and pongs too. Events go to `take`. Socket.IO gets what joins and leaves a namespace that is
 * declared, and nothing else; nothing is binary. Disconnects a client that sends but does not read the responses: what
 * waits for it would grow without end.
 */
export class Guard {
  readonly #conn: EngineConnection;
  readonly #budget: Budget;
  readonly #parts: GuardParts;
  readonly #giveToSocketIo: (message: string) => void;
  /** The socket of the main namespace. */
  #main: GatewaySocket | undefined;
  /** By name, the other namespaces that the client is in; undefined for one that it is about to join. */
  #others: Map<string, GatewaySocket | undefined> | undefined;
  #joins = 0;
  /** Whether any socket of the connection has been let in. */
  #wasAdmitted = false;

  constructor(conn: EngineConnection, budget: Budget, parts: GuardParts) {
    this.#conn = conn;
    this.#budget = budget;
    this.#parts = parts;
    // WebSocket's own, each of which `ws` has answered by now (RFC 6455 5.5)
    const control = () => this.#control();
    webSocketOf(conn).on("ping", control).on("pong", control);
    this.#giveToSocketIo = takeMessages(conn);
    conn.on("packet", ({ type, data }: { type: string; data?: unknown }) => {
      if (type === "message") this.#message(data);
      else this.#control();
    });
  }

  /** A socket of the connection was let in: from now on it may send events. */
  admit(socket: GatewaySocket): void {
    this.#wasAdmitted = true;
    if (socket.nsp.name === MAIN) this.#main = socket;
    else this.#others?.set(socket.nsp.name, socket);
  }

  /** The client has left a namespace, or was not let in. A connection that is in none any more is closed. */
  left(namespace: string): void {
    if (namespace === MAIN) this.#main = undefined;
    else this.#others?.delete(namespace);
    if (this.#wasAdmitted && this.#count === 0) this.#conn.close();
  }

  /** Disconnects a socket: with its connection, unless the client is in other namespaces too. */
  disconnect(socket: GatewaySocket): void {
    const { name } = socket.nsp;
    const isCounted = name === MAIN ? this.#main !== undefined : this.#others?.has(name);
    socket.disconnect(this.#count === (isCounted ? 1 : 0));
  }

  /** Namespaces that the client is in, or about to join. */
  get #count(): number {
    return (this.#main ? 1 : 0) + (this.#others?.size ?? 0);
  }

  #control(): void {
    if (!this.#budget.take() || isUnread(this.#conn)) this.#conn.request.socket.destroy();
  }

  #message(data: unknown): void {
    const goesOn = this.#budget.take() && !isUnread(this.#conn);
    const event = typeof data === "string" ? readEvent(data) : undefined;
    if (!goesOn) this.#close();
    else if (event && this.#main) this.#parts.take(this.#main, event);
    else if (typeof data === "string") this.#other(data, event !== undefined);
    // after its socket was let in, what is binary belongs to an event that was refused
    else if (!this.#wasAdmitted) this.#close();
  }

  /** Any packet that is no event for a socket of the main namespace. */
  #other(packet: string, isForMain: boolean): void {
    const join = readJoin(packet);
    if (join?.isJoin) this.#join(join, packet);
    else if (join) this.#leave(join, packet);
    else this.#takeInNamespace(isForMain ? undefined : readNamespaceEvent(packet), isForMain);
  }

  #takeInNamespace(event: NamespaceEventPacket | undefined, isForMain: boolean): void {
    const socket = event && this.#others?.get(event.namespace);
    // the server may have ended the namespace while the event was on its way; the others go on
    const isLate = isForMain || (event !== undefined && this.#parts.isDeclared(event.namespace));
    if (event && socket) this.#parts.takeInNamespace(socket, event);
    else if (!isLate || this.#count === 0) this.#close();
  }

  #join({ namespace }: JoinPacket, packet: string): void {
    this.#joins += 1;
    try {
      const isDeclared = namespace === MAIN || this.#parts.isDeclared(namespace);
      // the handshake has counted for the first one
      if (this.#joins > 1 || !isDeclared) this.#parts.countJoin(this.#conn);
      if (!isDeclared) throw refuse("NOT_FOUND");
      if (namespace !== MAIN) this.#begin(namespace);
    } catch (thrown) {
      if (!PLAIN_NAME.test(namespace)) this.#close();
      else this.#conn.write(encodeJoinRefusal(namespace, handshakeError(thrown)));
      return;
    }
    this.#giveToSocketIo(packet);
  }

  /** Socket.IO itself would let a client join twice as long as the first attempt is under way. */
  #begin(namespace: string): void {
    this.#others ??= new Map();
    if (this.#others.has(namespace)) throw refuse("BAD_REQUEST");
    this.#parts.checkNumber(this.#others.size);
    this.#others.set(namespace, undefined);
  }

  #leave({ namespace }: JoinPacket, packet: string): void {
    const socket = namespace === MAIN ? this.#main : this.#others?.get(namespace);
    if (socket || this.#count === 0) this.#giveToSocketIo(packet);
  }

  /** A client without a session is cut off: no closing handshake is waited for. */
  #close(): void {
    const socket = this.#main ?? [...(this.#others?.values() ?? [])].find((one) => one !== undefined);
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

  /** A socket was let in. */
  admit(socket: GatewaySocket): void {
    this.#guards.get(socket.conn)?.admit(socket);
  }

  /** The client has left a namespace, or was not let in: a connection without sockets is closed. */
  left({ conn, nsp }: GatewaySocket): void {
    this.#guards.get(conn)?.left(nsp.name);
  }

  /** Disconnects a socket: with its connection, unless the client is in other namespaces too. */
  disconnect(socket: GatewaySocket): void {
    this.#guards.get(socket.conn)?.disconnect(socket);
  }
}
