/** The connector's end of cloudflared's http2 protocol. */
export { TunnelError, type TunnelErrorCode } from "../errors.ts";
export { type LoopbackServer, serveOnLoopback } from "./loopback-server.ts";
export { type Connector, startConnector } from "./start-connector.ts";
export { parseToken } from "./token.ts";
