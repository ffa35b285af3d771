import type { EngineConnection } from "../internals/engine-connection.ts";
import type { LocalSockets } from "./local-sockets.ts";

/**
 * Limits the connections of one user on this node, over all namespaces together. A connection counts once, in however
 * many namespaces its client is.
 */
export class UserConnections {
  readonly #max: number;
  readonly #namespaces: LocalSockets[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts the sockets of a namespace from now on. */
  add(namespace: LocalSockets): void {
    this.#namespaces.push(namespace);
  }

  /** Whether a socket of the user on this connection would be on one connection too many. */
  isOneTooMany(userId: string, connection: EngineConnection): boolean {
    const sockets = this.#namespaces.flatMap((namespace) => namespace.ofUser(userId));
    if (sockets.length < this.#max) return false;
    const connections = new Set(sockets.map(({ conn }) => conn));
    return connections.size >= this.#max && !connections.has(connection);
  }
}
