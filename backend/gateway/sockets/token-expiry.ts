import type { GatewaySocket } from "../gateway-socket.ts";
import { type Identity, untilExpiry } from "../identity.ts";
import type { ConnectionGuards } from "./guard.ts";
import { SocketsByKey } from "./sockets-by-key.ts";

/**
 * Sets the identities of sockets, and disconnects each socket when its token expires. Tokens expire at whole seconds:
 * all that expire in the same one share a timer, which costs 400 bytes.
 */
export class TokenExpiry {
  readonly #connections: ConnectionGuards;
  readonly #clock: () => number;
  /** By the time when the token expires, in milliseconds since 1970. */
  readonly #sockets = new SocketsByKey<number>();
  readonly #timers = new Map<number, NodeJS.Timeout>();

  /** `clock` in milliseconds since 1970, for all nodes alike. */
  constructor(connections: ConnectionGuards, clock: () => number) {
    this.#connections = connections;
    this.#clock = clock;
  }

  /** Sets the identity of a socket, in place of an earlier one. */
  set(socket: GatewaySocket, identity: Identity): void {
    this.clear(socket);
    socket.data.identity = identity;
    const { expiresAt } = identity;
    this.#sockets.add(expiresAt, socket);
    if (this.#timers.has(expiresAt)) return;
    const end = () => this.#end(expiresAt);
    this.#timers.set(expiresAt, setTimeout(end, untilExpiry(expiresAt, this.#clock())).unref());
  }

  /** Called when a socket has closed, whether it had an identity or not. It keeps its identity. */
  clear(socket: GatewaySocket): void {
    const expiresAt = socket.data.identity?.expiresAt;
    if (expiresAt === undefined) return;
    this.#sockets.remove(expiresAt, socket);
    if (this.#sockets.has(expiresAt)) return;
    clearTimeout(this.#timers.get(expiresAt));
    this.#timers.delete(expiresAt);
  }

  #end(expiresAt: number): void {
    this.#timers.delete(expiresAt);
    for (const socket of this.#sockets.of(expiresAt)) {
      this.#sockets.remove(expiresAt, socket);
      this.#connections.disconnect(socket);
    }
  }
}
