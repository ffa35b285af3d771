import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import type { Authorization, TunnelClaim } from "./authorize.ts";
import { edgeCertificates } from "./certificates.ts";
import type { ConfigurationAnswer, TunnelConfiguration, VersionedConfiguration } from "./configuration.ts";
import { EdgeConnection, type TunnelConnection } from "./edge-connection.ts";
import { TunnelError } from "./errors.ts";
import type { TunnelRequest, TunnelStream } from "./tunnel-stream.ts";
import { UnregisteredConnections } from "./unregistered-connections.ts";

/** How to start the tunnel's edge. */
export interface TunnelEdgeOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Folder of the listener's certificates, made on first use. */
  readonly certificates: string;
  /** Milliseconds since the UNIX epoch. */
  readonly clock?: () => number;
  /**
   * Name of the data centre that connectors get; at Cloudflare an airport's code. `lcl01` by default.
   */
  readonly colo?: string;
  readonly limits?: Partial<TunnelLimits>;
  /** Whether a connector may serve a tunnel; compare secrets with `authorizeTunnel`. */
  authorize(claim: TunnelClaim): Authorization;
  /** Called with all connections of a tunnel whenever one opens or closes. */
  onConnections(tunnelId: string, connections: TunnelConnection[]): void;
}

/** The edge end of cloudflared's http2 protocol. */
export interface TunnelEdge {
  /** `127.0.0.1:PORT`, what a connector dials. */
  readonly address: string;
  /** PEM file of the authority that a connector trusts. */
  readonly caFile: string;
  /** How many connections of a tunnel take requests. */
  connections(tunnelId: string): number;
  /**
   * Sends a request to a connector of the tunnel; undefined where none is connected (Cloudflare's error 1033). Throws a
   * TunnelError, BAD_REQUEST, for one that HTTP/2 cannot carry.
   */
  open(tunnelId: string, request: TunnelRequest): TunnelStream | undefined;
  /** Pushes a configuration to the tunnel's connectors and remembers it for those that come; rejects with
   * CONFIGURATION_REFUSED where one refuses. */
  configure(tunnelId: string, version: number, config: TunnelConfiguration): Promise<void>;
  /** Ends the tunnel's connections at once; connectors with a valid token come back. */
  disconnect(tunnelId: string): void;
  close(): Promise<void>;
}

/** What an unknown peer, and a known one, may take. */
interface TunnelLimits {
  /** Connections without a finished TLS handshake; beyond this many, a new one takes the place of another. */
  readonly unsecured: number;
  /**
   * Connections after the TLS handshake that have not registered; beyond this many, a new one takes the place of
   * another.
   */
  readonly unregistered: number;
  /** Connections of one tunnel; Cloudflare's limit is 25 connectors with four each. */
  readonly perTunnel: number;
  /** Milliseconds for the TLS handshake. */
  readonly handshake: number;
  /** Milliseconds from the end of the TLS handshake to the registration. */
  readonly registration: number;
}

const LIMITS: TunnelLimits = {
  unsecured: 512,
  unregistered: 64,
  perTunnel: 100,
  handshake: 3_000,
  registration: 5_000,
};
/** The certificate is looked at this often, milliseconds. */
const RENEWAL_INTERVAL = 12 * 3_600_000;

/** Starts the tunnel's edge on 127.0.0.1; rejects with a TunnelError when port or certificates cannot be used. */
export async function startTunnelEdge(options: TunnelEdgeOptions): Promise<TunnelEdge> {
  const clock = options.clock ?? Date.now;
  const limits = { ...LIMITS, ...options.limits };
  const certificates = await edgeCertificates(options.certificates, clock());
  const tunnels = new Map<string, Set<EdgeConnection>>();
  const configurations = new Map<string, VersionedConfiguration>();
  const sockets = new Set<Socket>();
  const unregistered = new UnregisteredConnections({ connected: limits.unsecured, secured: limits.unregistered });
  /** Functions that note a connection's progress, by the peer's address and port: TLS hides the socket below it. */
  const progress = new Map<string, ReturnType<UnregisteredConnections["admit"]>>();
  let turn = 0;

  const live = (tunnelId: string) => [...(tunnels.get(tunnelId) ?? [])].filter((connection) => connection.usable);
  const report = (tunnelId: string) => {
    const details = live(tunnelId).flatMap((connection) => connection.details ?? []);
    options.onConnections(tunnelId, details);
  };

  const server = createServer({
    key: certificates.key,
    cert: certificates.cert,
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.handshake,
  });
  server.on("connection", (socket: Socket) => {
    const peer = peerOf(socket);
    const advance = unregistered.admit(socket);
    sockets.add(socket);
    progress.set(peer, advance);
    socket.once("close", () => {
      sockets.delete(socket);
      if (progress.get(peer) === advance) progress.delete(peer);
    });
  });
  // A client without TLS, or without a TLS version of ours, is disconnected by Node.js already.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("secureConnection", (socket) => {
    socket.setNoDelay(true);
    const advance = progress.get(peerOf(socket));
    advance?.("secured");
    new EdgeConnection(socket, {
      colo: options.colo ?? "lcl01",
      clock,
      registrationDeadline: limits.registration,
      authorize: (claim) => options.authorize(claim),
      refusal: (tunnelId) =>
        live(tunnelId).length >= limits.perTunnel ? "too many connections to this tunnel" : undefined,
      latest: (tunnelId, authorized) => {
        const pushed = configurations.get(tunnelId);
        return pushed && pushed.version >= (authorized?.version ?? -1) ? pushed : authorized;
      },
      speaks: () => advance?.("speaking"),
      opened(connection) {
        advance?.("registered");
        const { tunnelId, details } = connection;
        if (tunnelId === undefined || details === undefined) return;
        const connections = tunnels.get(tunnelId) ?? new Set<EdgeConnection>();
        tunnels.set(tunnelId, connections.add(connection));
        // A connector that connects again for the same index has lost the old connection, even if we saw no end of it.
        for (const other of [...connections]) {
          const known = other.details;
          const same = known?.clientId === details.clientId && known.index === details.index;
          if (same && other !== connection) other.destroy();
        }
        report(tunnelId);
      },
      closed(connection) {
        const { tunnelId } = connection;
        if (tunnelId === undefined || !tunnels.get(tunnelId)?.delete(connection)) return;
        if (tunnels.get(tunnelId)?.size === 0) tunnels.delete(tunnelId);
        report(tunnelId);
      },
    });
  });
  await listen(server, options.port ?? 0);
  const renewal = setInterval(() => {
    edgeCertificates(options.certificates, clock()).then(
      ({ key, cert }) => server.setSecureContext({ key, cert, minVersion: "TLSv1.2" }),
      () => {}, // the certificate in use is good for weeks; the next look comes before
    );
  }, RENEWAL_INTERVAL).unref();

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    caFile: certificates.caFile,
    connections: (tunnelId) => live(tunnelId).length,
    open(tunnelId, request) {
      const connections = live(tunnelId);
      turn = (turn + 1) % 0x1000000;
      // The least loaded connection; those with equal load take turns.
      const order = connections.map((connection, index) => ({
        connection,
        turn: (index + turn) % connections.length,
      }));
      order.sort((a, b) => a.connection.active - b.connection.active || a.turn - b.turn);
      return order[0]?.connection.open(request);
    },
    async configure(tunnelId, version, config) {
      const configuration = { version, config };
      const known = configurations.get(tunnelId);
      if (!known || known.version < version) configurations.set(tunnelId, configuration);
      const answers = await Promise.all(live(tunnelId).map((connection) => connection.configure(configuration)));
      const refused = answers.find((answer) => answer !== undefined && isRefusal(answer));
      if (refused) throw refusal(tunnelId, version, refused);
    },
    disconnect(tunnelId) {
      for (const connection of [...(tunnels.get(tunnelId) ?? [])]) connection.destroy();
    },
    async close() {
      clearInterval(renewal);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connections of [...tunnels.values()]) for (const connection of [...connections]) connection.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function peerOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress} ${remotePort}`;
}

function isRefusal({ err }: ConfigurationAnswer): boolean {
  return err !== null && err !== undefined;
}

function refusal(tunnelId: string, version: number, { err, lastAppliedVersion }: ConfigurationAnswer): TunnelError {
  const reason = typeof err === "object" && err !== null && "message" in err ? `: ${err.message}` : "";
  return new TunnelError(
    "CONFIGURATION_REFUSED",
    `A connector of tunnel ${tunnelId} refused configuration version ${version}${reason}. It keeps version ` +
      `${lastAppliedVersion}. \`cloudflared tunnel ingress validate\` names what is wrong in a rule.`,
  );
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new TunnelError(
          "LISTEN_FAILED",
          `The tunnel's edge cannot listen on 127.0.0.1:${port} (${error.message}). Stop what uses the port, or ` +
            "choose another.",
          error,
        ),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
}
