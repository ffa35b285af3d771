import type { Cloud, StoredConnection } from "../api/state.ts";
import { authorizeTunnel } from "./authorize.ts";
import type { TunnelConnection } from "./edge-connection.ts";
import { startTunnelEdge, type TunnelEdge, type TunnelEdgeOptions } from "./tunnel-edge.ts";

/** How to start the tunnel's edge for the tunnels that the API holds. */
export interface CloudTunnelsOptions extends Omit<TunnelEdgeOptions, "authorize" | "onConnections"> {
  readonly cloud: Cloud;
  /** Called when a connector refuses a configuration that was deployed. */
  onRefused?(error: unknown): void;
}

/**
 * Starts the tunnel's edge and connects it with the API: tokens are checked against the API's tunnels, connections
 * are reported to the API, a deployed configuration is pushed, a deleted tunnel is disconnected.
 */
export async function startCloudTunnels(options: CloudTunnelsOptions): Promise<TunnelEdge> {
  const { cloud } = options;
  const edge = await startTunnelEdge({
    ...options,
    authorize: (claim) => authorizeTunnel(cloud.tunnel(claim.tunnelId), claim),
    onConnections: (tunnelId, connections) => cloud.reportConnections(tunnelId, connections.map(toStoredConnection)),
  });
  const stopChanges = cloud.onChange(({ kind, id }) => {
    const tunnel = kind === "tunnel" ? cloud.tunnel(id) : undefined;
    if (!tunnel) return;
    if (tunnel.deletedAt) edge.disconnect(id);
    else if (tunnel.config) {
      edge.configure(id, tunnel.version, tunnel.config).catch((error: unknown) => options.onRefused?.(error));
    }
  });
  const stopDisconnects = cloud.onDisconnect((tunnelId) => edge.disconnect(tunnelId));
  return {
    address: edge.address,
    caFile: edge.caFile,
    connections: (tunnelId) => edge.connections(tunnelId),
    open: (tunnelId, request) => edge.open(tunnelId, request),
    configure: (tunnelId, version, config) => edge.configure(tunnelId, version, config),
    disconnect: (tunnelId) => edge.disconnect(tunnelId),
    async close() {
      stopChanges();
      stopDisconnects();
      await edge.close();
    },
  };
}

/** A connection in the API's words. */
function toStoredConnection(connection: TunnelConnection): StoredConnection {
  return {
    id: connection.id,
    client_id: connection.clientId,
    client_version: connection.clientVersion,
    colo_name: connection.colo,
    origin_ip: connection.originIp,
    opened_at: new Date(connection.openedAt).toISOString(),
    is_pending_reconnect: false,
    arch: connection.arch,
    features: connection.features,
  };
}
