import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { TunnelError } from "../errors.ts";

/** An HTTP server that only programs of this machine reach. */
export interface LoopbackServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  close(): Promise<void>;
}

/** Milliseconds that a client has for its request. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Serves a connector's readiness and metrics on 127.0.0.1. Port 0 is any free one.
 * @throws TunnelError LISTEN_FAILED where the port is taken
 */
export async function serveOnLoopback(port: number, respond: RequestListener): Promise<LoopbackServer> {
  const timeouts = { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
  const server = createServer(timeouts, respond);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new TunnelError(
          "LISTEN_FAILED",
          `The connector cannot serve its readiness on 127.0.0.1:${port} (${error.message}). Stop what uses the ` +
            "port, or choose another with TUNNEL_METRICS.",
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
