/**
 * A tunnel as the API's responses have it. Since 2026-10-05 its connections have a path of their own, and are not part
 * of it.
 */
import type { LiveTunnels } from "../live-tunnels.ts";
import type { StoredConnection, StoredTunnel } from "../state.ts";

export function shownTunnel(tunnel: StoredTunnel, live: LiveTunnels) {
  const inactiveAt = live.inactiveAt(tunnel.id);
  return {
    id: tunnel.id,
    account_tag: tunnel.account_tag,
    created_at: tunnel.created_at,
    deleted_at: tunnel.deleted_at,
    name: tunnel.name,
    conns_active_at: live.activeAt(tunnel.id),
    conns_inactive_at: inactiveAt === undefined ? tunnel.created_at : inactiveAt,
    tun_type: "cfd_tunnel",
    metadata: {},
    status: live.status(tunnel.id),
    remote_config: tunnel.config_src === "cloudflare",
    config_src: tunnel.config_src,
  };
}

function shownConnection({
  id,
  client_id,
  client_version,
  colo_name,
  origin_ip,
  opened_at,
  is_pending_reconnect,
}: StoredConnection) {
  return { id, uuid: id, client_id, client_version, colo_name, origin_ip, opened_at, is_pending_reconnect };
}

/** The connectors behind a tunnel's connections, as `GET …/connections` lists them. */
export function shownConnectors(tunnel: StoredTunnel, live: LiveTunnels) {
  const byClient = Map.groupBy(live.connections(tunnel.id), (connection) => connection.client_id);
  return [...byClient].map(([id, connections]) => ({
    id,
    features: [...(connections[0]?.features ?? [])],
    version: connections[0]?.client_version ?? "",
    arch: connections[0]?.arch ?? "",
    run_at: connections.map(({ opened_at }) => opened_at).sort()[0] ?? "",
    config_version: tunnel.version,
    conns: connections.map(shownConnection),
  }));
}

/**
 * What a connector is started with: base64 of the account, the tunnel and its secret (cloudflared's `TunnelToken`).
 */
export function connectorToken(tunnel: StoredTunnel): string {
  return Buffer.from(JSON.stringify({ a: tunnel.account_tag, t: tunnel.id, s: tunnel.secret })).toString("base64");
}
