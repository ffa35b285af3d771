/** The edge's end of cloudflared's http2 protocol. `connector/` has the other one, which the edge does not load. */
export { authorizeTunnel } from "./authorize.ts";
export { startCloudTunnels } from "./cloud-tunnels.ts";
export type { TunnelConfiguration } from "./configuration.ts";
export type { TunnelConnection } from "./edge-connection.ts";
export { startTunnelEdge, type TunnelEdge, type TunnelEdgeOptions } from "./tunnel-edge.ts";
export type { TunnelRequest, TunnelResponse, TunnelStream } from "./tunnel-stream.ts";
export type { HeaderLine } from "./wire/response-headers.ts";
