/** Both ends of cloudflared's http2 protocol; the connector is in `connector.ts`, so that the edge's users do not load it. */
export { type Authorization, authorizeTunnel, type KnownTunnel, type TunnelClaim } from "./authorize.ts";
export { type CloudTunnelsOptions, startCloudTunnels } from "./cloud-tunnels.ts";
export type { IngressRule, OriginRequest, TunnelConfiguration, VersionedConfiguration } from "./configuration.ts";
export { startTunnelEdge, type TunnelEdge, type TunnelEdgeOptions, type TunnelLimits } from "./edge.ts";
export type { TunnelConnection } from "./edge-connection.ts";
export { TunnelError, type TunnelErrorCode } from "./errors.ts";
export type { TunnelRequest, TunnelResponse, TunnelStream } from "./tunnel-stream.ts";
export type { HeaderLine, ResponseSource } from "./wire/response-headers.ts";
