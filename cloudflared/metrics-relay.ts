import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { type LoopbackServer, serveOnLoopback, TunnelError } from "../infra/local/tunnel/connector/index.ts";
import { ConnectorProblem } from "./problem.ts";

const PATHS: ReadonlySet<string> = new Set(["/ready", "/metrics", "/healthcheck", "/config"]);
/** Milliseconds in which the connector must respond. */
const TIMEOUT_MS = 5_000;

/**
 * Forwards `/ready`, `/metrics`, `/healthcheck` and `/config` to the connector that runs now. So monitoring always
 * finds them at the port that TUNNEL_METRICS names, also after another connector has taken over. Responds 503 while
 * there is no connector.
 * @throws ConnectorProblem METRICS_PORT where the port is taken.
 */
export async function relayMetrics(port: number, current: () => string | undefined): Promise<LoopbackServer> {
  try {
    return await serveOnLoopback(port, (asked, response) => {
      const path = asked.url?.split("?", 1)[0] ?? "";
      const address = current();
      if (asked.method !== "GET" || !PATHS.has(path)) response.writeHead(404).end();
      else if (address === undefined) response.writeHead(503).end();
      else relay(address, path, response);
    });
  } catch (error) {
    throw error instanceof TunnelError ? new ConnectorProblem("METRICS_PORT", error.message) : error;
  }
}

function relay(address: string, path: string, response: ServerResponse): void {
  const unavailable = () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503).end();
  };
  const asked = request(
    `http://${address}${path}`,
    { agent: false, timeout: TIMEOUT_MS },
    (source: IncomingMessage) => {
      response.writeHead(source.statusCode ?? 503, { "content-type": source.headers["content-type"] ?? "text/plain" });
      source.pipe(response);
      source.once("error", unavailable);
    },
  );
  asked.once("timeout", () => asked.destroy());
  asked.once("error", unavailable);
  asked.end();
}
