import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConnectorProblem } from "./problem.ts";

/** A server that stays at its port while connectors come and go behind it. */
export interface MetricsRelay {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  close(): Promise<void>;
}

const PATHS: ReadonlySet<string> = new Set(["/ready", "/metrics", "/healthcheck", "/config"]);
/** Milliseconds that the connector has for its response. */
const TIMEOUT = 5_000;

/**
 * Passes `/ready`, `/metrics`, `/healthcheck` and `/config` on to the connector that runs now, so that monitoring
 * finds them at the port that TUNNEL_METRICS names after a change of the token too. Responds 503 while there is no
 * connector.
 * @throws ConnectorProblem METRICS_PORT where the port is taken.
 */
export async function relayMetrics(port: number, current: () => string | undefined): Promise<MetricsRelay> {
  const server = createServer({ headersTimeout: TIMEOUT, requestTimeout: TIMEOUT }, (asked, response) => {
    const path = asked.url?.split("?", 1)[0] ?? "";
    if (asked.method !== "GET" || !PATHS.has(path)) response.writeHead(404).end();
    else {
      const address = current();
      if (address === undefined) response.writeHead(503).end();
      else pass(address, path, response);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new ConnectorProblem(
          "METRICS_PORT",
          `The connector cannot serve its readiness on 127.0.0.1:${port} (${error.message}). Stop what uses the port, or choose another with TUNNEL_METRICS.`,
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

function pass(address: string, path: string, response: ServerResponse): void {
  const unavailable = () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503).end();
  };
  const asked = request(`http://${address}${path}`, { agent: false, timeout: TIMEOUT }, (answer: IncomingMessage) => {
    response.writeHead(answer.statusCode ?? 503, { "content-type": answer.headers["content-type"] ?? "text/plain" });
    answer.pipe(response);
    answer.once("error", unavailable);
  });
  asked.once("timeout", () => asked.destroy());
  asked.once("error", unavailable);
  asked.end();
}
