import { type LoopbackServer, serveOnLoopback } from "./loopback-server.ts";

/** What supervisors and monitoring can read about the connector. */
export interface ConnectorStatus {
  readonly connectorId: string;
  readyConnections(): number;
  configurationVersion(): number;
  requests(): number;
  errors(): number;
}

/**
 * Serves `/ready`, `/config` (its version only), `/healthcheck` and `/metrics` on the loopback, with cloudflared's
 * paths, bodies and metric names (cloudflared, metrics/metrics.go and metrics/readiness.go).
 * @throws TunnelError LISTEN_FAILED where the port is taken
 */
export function serveReadiness(port: number, status: ConnectorStatus): Promise<LoopbackServer> {
  return serveOnLoopback(port, (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/ready") {
      const readyConnections = status.readyConnections();
      const code = readyConnections > 0 ? 200 : 503;
      response.writeHead(code, { "content-type": "application/json" });
      response.end(JSON.stringify({ status: code, readyConnections, connectorId: status.connectorId }));
    } else if (path === "/config") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ version: status.configurationVersion() }));
    } else if (path === "/healthcheck") {
      response.end("OK\n");
    } else if (path === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      response.end(metrics(status));
    } else {
      response.writeHead(404).end();
    }
  });
}

function metrics(status: ConnectorStatus): string {
  const gauge = (name: string, help: string, type: string, value: number) =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
  return [
    gauge("cloudflared_tunnel_ha_connections", "Number of active ha connections", "gauge", status.readyConnections()),
    gauge(
      "cloudflared_tunnel_total_requests",
      "Requests proxied through all the tunnels",
      "counter",
      status.requests(),
    ),
    gauge("cloudflared_tunnel_request_errors", "Requests that failed to reach the origin", "counter", status.errors()),
    gauge("cloudflared_orchestration_config_version", "Configuration version", "gauge", status.configurationVersion()),
  ].join("");
}
