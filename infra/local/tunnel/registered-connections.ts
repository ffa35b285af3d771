import type { EdgeConnection, TunnelConnection } from "./edge-connection.ts";

/** The connections that connectors have registered, by tunnel. */
export class RegisteredConnections {
  readonly #byTunnel = new Map<string, Set<EdgeConnection>>();
  readonly #changed: (tunnelId: string, connections: TunnelConnection[]) => void;
  #turn = 0;

  /** `changed` is called with the usable connections of a tunnel when one was added or removed. */
  constructor(changed: (tunnelId: string, connections: TunnelConnection[]) => void) {
    this.#changed = changed;
  }

  /**
   * Adds a connection that has registered. An older one of the same connector with the same index is closed: the
   * connector has lost it, even where the edge has not noticed.
   */
  add(connection: EdgeConnection): void {
    const { tunnelId, details } = connection;
    if (tunnelId === undefined || details === undefined) return;
    const connections = this.#byTunnel.get(tunnelId) ?? new Set<EdgeConnection>();
    this.#byTunnel.set(tunnelId, connections.add(connection));
    for (const other of [...connections]) {
      const isReplaced = other.details?.clientId === details.clientId && other.details.index === details.index;
      if (isReplaced && other !== connection) other.destroy();
    }
    this.#report(tunnelId);
  }

  remove(connection: EdgeConnection): void {
    const { tunnelId } = connection;
    if (tunnelId === undefined || !this.#byTunnel.get(tunnelId)?.delete(connection)) return;
    if (this.#byTunnel.get(tunnelId)?.size === 0) this.#byTunnel.delete(tunnelId);
    this.#report(tunnelId);
  }

  /** The connections of a tunnel that take requests. */
  usable(tunnelId: string): readonly EdgeConnection[] {
    return [...(this.#byTunnel.get(tunnelId) ?? [])].filter((connection) => connection.usable);
  }

  /** The connection with the fewest requests in flight; those with equally many take turns. Undefined without one. */
  leastLoaded(tunnelId: string): EdgeConnection | undefined {
    const connections = this.usable(tunnelId);
    this.#turn = (this.#turn + 1) % 0x1000000;
    const order = connections.map((connection, index) => ({
      connection,
      turn: (index + this.#turn) % connections.length,
    }));
    order.sort((a, b) => a.connection.active - b.connection.active || a.turn - b.turn);
    return order[0]?.connection;
  }

  /** Ends the connections of a tunnel, and everything in flight on them. */
  destroy(tunnelId: string): void {
    for (const connection of [...(this.#byTunnel.get(tunnelId) ?? [])]) connection.destroy();
  }

  destroyAll(): void {
    for (const tunnelId of [...this.#byTunnel.keys()]) this.destroy(tunnelId);
  }

  #report(tunnelId: string): void {
    this.#changed(
      tunnelId,
      this.usable(tunnelId).flatMap(({ details }) => details ?? []),
    );
  }
}
