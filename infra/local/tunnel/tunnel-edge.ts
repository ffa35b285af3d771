import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Authorization, TunnelClaim } from "./authorize.ts";
import { type EdgeCertificates, edgeCertificates } from "./certificates.ts";
import type { ConfigurationResponse, TunnelConfiguration, VersionedConfiguration } from "./configuration.ts";
import { EdgeConnection, type TunnelConnection } from "./edge-connection.ts";
import { TunnelError } from "./errors.ts";
import { RegisteredConnections } from "./registered-connections.ts";
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

/** How much clients may use before they have registered, and after. */
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
  readonly handshakeTimeoutMs: number;
  /** Milliseconds from the end of the TLS handshake to the registration. */
  readonly registrationTimeoutMs: number;
}

const LIMITS: TunnelLimits = {
  unsecured: 512,
  unregistered: 64,
  perTunnel: 100,
  handshakeTimeoutMs: 3_000,
  registrationTimeoutMs: 5_000,
};
/** Milliseconds between two checks whether the certificate must be renewed. */
const RENEWAL_INTERVAL_MS = 12 * 3_600_000;
const MIN_TLS_VERSION = "TLSv1.2";

/** Starts the tunnel's edge on 127.0.0.1; rejects with a TunnelError when port or certificates cannot be used. */
export async function startTunnelEdge(options: TunnelEdgeOptions): Promise<TunnelEdge> {
  const clock = options.clock ?? Date.now;
  const edge = new TlsTunnelEdge(options, clock, await edgeCertificates(options.certificates, clock()));
  await edge.listen(options.port ?? 0);
  return edge;
}

/** The tunnel's edge as a TLS server, on which the roles of HTTP/2 are reversed. */
class TlsTunnelEdge implements TunnelEdge {
  readonly caFile: string;
  readonly #options: TunnelEdgeOptions;
  readonly #clock: () => number;
  readonly #limits: TunnelLimits;
  readonly #server: Server;
  readonly #registered: RegisteredConnections;
  readonly #unregistered: UnregisteredConnections;
  readonly #configurations = new Map<string, VersionedConfiguration>();
  readonly #sockets = new Set<Socket>();
  /** Functions that note a connection's progress, by the peer's address and port: TLS hides the socket below it. */
  readonly #progress = new Map<string, ReturnType<UnregisteredConnections["admit"]>>();
  #renewal: NodeJS.Timeout | undefined;

  constructor(options: TunnelEdgeOptions, clock: () => number, { key, cert, caFile }: EdgeCertificates) {
    this.caFile = caFile;
    this.#options = options;
    this.#clock = clock;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#registered = new RegisteredConnections((tunnelId, connections) =>
      options.onConnections(tunnelId, connections),
    );
    this.#unregistered = new UnregisteredConnections({
      connected: this.#limits.unsecured,
      secured: this.#limits.unregistered,
    });
    this.#server = createServer({
      key,
      cert,
      minVersion: MIN_TLS_VERSION,
      handshakeTimeout: this.#limits.handshakeTimeoutMs,
    });
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    // a client without TLS, or without a TLS version of ours, is disconnected by Node.js already
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#server.on("secureConnection", (socket) => this.#serve(socket));
  }

  async listen(port: number): Promise<void> {
    await listen(this.#server, port);
    this.#renewal = setInterval(() => this.#renew(), RENEWAL_INTERVAL_MS).unref();
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  connections(tunnelId: string): number {
    return this.#registered.usable(tunnelId).length;
  }

  open(tunnelId: string, request: TunnelRequest): TunnelStream | undefined {
    return this.#registered.leastLoaded(tunnelId)?.open(request);
  }

  async configure(tunnelId: string, version: number, config: TunnelConfiguration): Promise<void> {
    const configuration = { version, config };
    const known = this.#configurations.get(tunnelId);
    if (!known || known.version < version) this.#configurations.set(tunnelId, configuration);
    const connections = this.#registered.usable(tunnelId);
    const responses = await Promise.all(connections.map((connection) => connection.configure(configuration)));
    const refused = responses.find((response) => response !== undefined && isRefusal(response));
    if (refused) throw refusal(tunnelId, version, refused);
  }

  disconnect(tunnelId: string): void {
    this.#registered.destroy(tunnelId);
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#registered.destroyAll();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #admit(socket: Socket): void {
    const peer = peerOf(socket);
    const advance = this.#unregistered.admit(socket);
    this.#sockets.add(socket);
    this.#progress.set(peer, advance);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#progress.get(peer) === advance) this.#progress.delete(peer);
    });
  }

  #serve(socket: TLSSocket): void {
    socket.setNoDelay(true);
    const advance = this.#progress.get(peerOf(socket));
    advance?.("secured");
    new EdgeConnection(socket, {
      colo: this.#options.colo ?? "lcl01",
      clock: this.#clock,
      registrationTimeoutMs: this.#limits.registrationTimeoutMs,
      authorize: (claim) => this.#options.authorize(claim),
      refusal: (tunnelId) =>
        this.connections(tunnelId) >= this.#limits.perTunnel ? "too many connections to this tunnel" : undefined,
      latestConfiguration: (tunnelId, authorized) => this.#latest(tunnelId, authorized),
      controlAccepted: () => advance?.("speaking"),
      opened: (connection) => {
        advance?.("registered");
        this.#registered.add(connection);
      },
      closed: (connection) => this.#registered.remove(connection),
    });
  }

  /** The newer of the configuration that was pushed to the tunnel and the one that came with the authorization. */
  #latest(tunnelId: string, authorized: VersionedConfiguration | null): VersionedConfiguration | null {
    const pushed = this.#configurations.get(tunnelId);
    return pushed && pushed.version >= (authorized?.version ?? -1) ? pushed : authorized;
  }

  #renew(): void {
    edgeCertificates(this.#options.certificates, this.#clock()).then(
      ({ key, cert }) => this.#server.setSecureContext({ key, cert, minVersion: MIN_TLS_VERSION }),
      () => {}, // the certificate in use is valid for weeks, and the next check comes before its end
    );
  }
}

function peerOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress} ${remotePort}`;
}

function isRefusal({ err }: ConfigurationResponse): boolean {
  return err !== null && err !== undefined;
}

function refusal(tunnelId: string, version: number, { err, lastAppliedVersion }: ConfigurationResponse): TunnelError {
  const reason = typeof err === "object" && err !== null && "message" in err ? `: ${err.message}` : "";
  return new TunnelError(
    "CONFIGURATION_REFUSED",
    `A connector of tunnel ${tunnelId} refused configuration version ${version}${reason}. It keeps version ` +
      `${lastAppliedVersion}. \`cloudflared tunnel ingress validate\` names what is wrong in a rule.`,
  );
}

function listen(server: Server, port: number): Promise<void> {
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
