import type { GatewaySocket } from "../gateway-socket.ts";

/** Sockets by a key, for example by user. Most keys have one socket, which takes no set: a set costs 150 bytes. */
export class SocketsByKey<Key = string> {
  readonly #sockets = new Map<Key, GatewaySocket | Set<GatewaySocket>>();

  add(key: Key, socket: GatewaySocket): void {
    const known = this.#sockets.get(key);
    if (known === undefined) this.#sockets.set(key, socket);
    else if (known instanceof Set) known.add(socket);
    else if (known !== socket) this.#sockets.set(key, new Set([known, socket]));
  }

  /** Nothing happens where the key does not have the socket. */
  remove(key: Key, socket: GatewaySocket): void {
    const known = this.#sockets.get(key);
    if (known === socket) this.#sockets.delete(key);
    if (!(known instanceof Set) || !known.delete(socket)) return;
    const [only] = known;
    if (known.size === 1 && only) this.#sockets.set(key, only);
  }

  has(key: Key): boolean {
    return this.#sockets.has(key);
  }

  /** The sockets of a key, in a list that later changes do not affect. */
  of(key: Key): readonly GatewaySocket[] {
    const known = this.#sockets.get(key);
    if (known === undefined) return [];
    return known instanceof Set ? [...known] : [known];
  }
}
