/** The server name (SNI) in cloudflared's TLS handshake over http2 (cloudflared, connection/protocol.go). */
export const EDGE_SERVER_NAME = "h2.cftunnel.com";
