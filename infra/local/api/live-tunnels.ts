/** Which connections each tunnel has right now. They belong to running processes, so nothing of this is stored. */
import type { Clock } from "./clock.ts";
import type { StoredConnection } from "./state.ts";

/**
 * https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/monitor-tunnels/notifications/
 */
type TunnelStatus = "inactive" | "degraded" | "healthy" | "down";

/** cloudflared keeps four connections; a tunnel with fewer is degraded. */
const HEALTHY_CONNECTIONS = 4;

export interface LiveTunnels {
  set(tunnelId: string, connections: readonly StoredConnection[]): void;
  connections(tunnelId: string): readonly StoredConnection[];
  status(tunnelId: string): TunnelStatus;
  /** When the first of the present connections came, or null. */
  activeAt(tunnelId: string): string | null;
  /** When the last connection went, or null while there is one; undefined if there never was one. */
  inactiveAt(tunnelId: string): string | null | undefined;
}

export function createLiveTunnels(clock: Clock): LiveTunnels {
  const tunnels = new Map<
    string,
    { connections: readonly StoredConnection[]; activeAt: string | null; inactiveAt: string | null }
  >();
  return {
    set(tunnelId, connections) {
      const before = tunnels.get(tunnelId);
      if (!before && connections.length === 0) return;
      const was = before?.connections.length ?? 0;
      tunnels.set(tunnelId, {
        connections: [...connections],
        activeAt: connections.length === 0 ? null : was > 0 ? (before?.activeAt ?? null) : clock.timestamp(),
        inactiveAt: connections.length > 0 ? null : was > 0 ? clock.timestamp() : (before?.inactiveAt ?? null),
      });
    },
    connections: (tunnelId) => tunnels.get(tunnelId)?.connections ?? [],
    status(tunnelId) {
      const tunnel = tunnels.get(tunnelId);
      if (!tunnel) return "inactive";
      if (tunnel.connections.length === 0) return "down";
      return tunnel.connections.length < HEALTHY_CONNECTIONS ? "degraded" : "healthy";
    },
    activeAt: (tunnelId) => tunnels.get(tunnelId)?.activeAt ?? null,
    inactiveAt: (tunnelId) => tunnels.get(tunnelId)?.inactiveAt,
  };
}
