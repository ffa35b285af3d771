import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { EdgeError } from "./errors.ts";
import type { ClientIntroduction } from "./introduced-clients.ts";
import { type EdgeTimeouts, MAX_CONNECTIONS, MAX_HEADER_BYTES, TIMEOUTS } from "./limits.ts";
import { EdgeListener } from "./listener.ts";
import type { EdgeOptions } from "./options.ts";

/** A running edge. */
export interface Edge {
  /** `http://127.0.0.1:PORT`; sites are reached by their hostnames on this port. The listener counts as TLS. */
  readonly url: string;
  readonly port: number;
  /** Port of the listener that counts as plain HTTP; absent where there is none. */
  readonly plainPort?: number;
  /** Makes Access sign with a new key, as Cloudflare does every six weeks; the one before still counts. */
  rotateAccessKeys(): void;
  /**
   * Says who sends the requests of a connection that this program has opened to the edge, before the first is sent. It
   * holds until the connection is closed.
   */
  introduce(client: Socket, introduction: ClientIntroduction): void;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

/** Starts the edge on 127.0.0.1. Rejects with EdgeError where a port cannot be opened. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const listener = new EdgeListener(options, timeouts);
  const servers: Server[] = [];
  const close = async () => {
    const closed = servers.map((server) => new Promise<void>((done) => server.close(() => done())));
    for (const server of servers) server.closeAllConnections();
    listener.close();
    await Promise.all(closed);
  };
  const open = async (port: number, plain = false): Promise<number> => {
    const server = serverOf(listener, timeouts);
    if (plain) server.on("connection", (socket) => listener.markPlainHttp(socket));
    await listen(server, port);
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  const port = await open(options.port ?? 0);
  let plainPort: number | undefined;
  try {
    if (options.plainPort !== undefined) plainPort = await open(options.plainPort, true);
  } catch (error) {
    await close();
    throw error;
  }
  const stopListening = options.cloud.onChange(({ kind }) => {
    if (kind === "zone") listener.redeploy();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    ...(plainPort === undefined ? {} : { plainPort }),
    rotateAccessKeys: () => listener.rotateAccessKeys(),
    introduce: (client, introduction) => listener.introduced.add(client, introduction),
    async close() {
      stopListening();
      await close();
    },
  };
}

function serverOf(listener: EdgeListener, timeouts: EdgeTimeouts): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.idleMs,
      connectionsCheckingInterval: Math.max(50, Math.min(5_000, timeouts.headersMs / 4)),
      requireHostHeader: false, // the edge responds to that itself
      shouldUpgradeCallback: (request) => listener.acceptsUpgrade(request),
    },
    (request, response) => listener.serve(request, response),
  );
  // Beyond this number Node would silently drop header lines, and rules would see less than the origin gets. They are
  // limited in bytes.
  server.maxHeadersCount = 0;
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(timeouts.idleMs);
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    listener.serve(request, response, true),
  );
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
    listener.refuseExpectation(request, response),
  );
  server.on("upgrade", (request, socket, head) => listener.upgrade(request, socket, head));
  server.on("connect", (request, socket) => listener.refuseConnect(request, socket));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => listener.clientError(error, socket));
  return server;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const what = inUse ? "another program uses the port; stop it or choose another port" : error.message;
      const code = inUse ? "PORT_IN_USE" : "LISTEN_FAILED";
      reject(new EdgeError(code, `The edge cannot listen on 127.0.0.1:${port}: ${what}.`, error));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}
