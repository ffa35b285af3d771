/** The gateway: HTTP and WebSockets of one node. Other folders import this file alone. */

export { createGateway, type Gateway } from "./gateway.ts";
export { type Asset, contentHash } from "./http/assets.ts";
export { createInternalServer, type ReadinessCheck } from "./http/health.ts";
export { listen } from "./http/server.ts";
export type { CapTable } from "./limits/caps/table.ts";
export { LIMITS, type LimitTable } from "./limits/limits.ts";
export { SERVER_TIMES, type ServerTimes } from "./limits/server-times.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { openApi } from "./openapi/document.ts";
export type {
  ChannelPosition,
  OpenSocket,
  SocketFeature,
  Subscription,
} from "./sockets/socket-feature.ts";
