import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TunnelError } from "../errors.ts";

/** What the connector tells its supervisor and its monitoring. */
export interface ConnectorStatus {
  readonly connectorId: string;
  readyConnections(): number;
  configurationVersion(): number;
  requests(): number;
  errors(): number;
}

/** The server of `/ready` and its neighbours. */
export interface ReadinessServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves `/ready`, `/config` (its version only), `/healthcheck` and `/metrics` on the loopback, with cloudflared's paths, bodies and metric names
 * (cloudflared, metrics/metrics.go and metrics/readiness.go). */
export async function serveReadiness(port: number, status: ConnectorStatus): Promise<ReadinessServer> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
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
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new TunnelError(
          "LISTEN_FAILED",
          `The connector cannot serve its readiness on 127.0.0.1:${port} (${error.message}). Stop what uses the port, or choose another with TUNNEL_METRICS.`,
          error,
        ),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
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
