/**
 * Both ends of cloudflared's http2 protocol; the connector is in `connector.ts`, so that the edge's users do not load
 * it.
 */
export { authorizeTunnel } from "./authorize.ts";
export { startCloudTunnels } from "./cloud-tunnels.ts";
export type { TunnelConfiguration } from "./configuration.ts";
export { startTunnelEdge, type TunnelEdge, type TunnelEdgeOptions } from "./edge.ts";
export type { TunnelConnection } from "./edge-connection.ts";
export type { TunnelRequest, TunnelResponse, TunnelStream } from "./tunnel-stream.ts";
export type { HeaderLine } from "./wire/response-headers.ts";
