import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf, reasonOf, TunnelError } from "../errors.ts";
import { ConnectorConnection } from "./connection.ts";
import type { LoopbackServer } from "./loopback-server.ts";
import { OriginProxy, type ProxyOptions } from "./proxy.ts";
import { serveReadiness } from "./readiness.ts";
import { parseToken } from "./token.ts";

/** How to start the connector. */
export interface ConnectorOptions extends ProxyOptions {
  /** The tunnel's token. */
  readonly token: string;
  /** `host:port` of edges; the four connections go to them in turn. */
  readonly edge: readonly string[];
  /** PEM of the authority that signed the edge's certificate; the system's authorities without it. */
  readonly ca?: string;
  /** Milliseconds that requests in flight have when the connector stops; 30,000 by default, as cloudflared has it. */
  readonly gracePeriodMs?: number;
  /** Port of `/ready` and `/metrics` on 127.0.0.1; 0, the default, takes a free one. */
  readonly metricsPort?: number;
  readonly log?: (message: string) => void;
}

/**
 * A connector for the Cloudflare on localhost, where no cloudflared is installed: the same protocol over http2, for
 * HTTP and WebSocket origins. It is not meant for Cloudflare's own edge.
 */
export interface Connector {
  /** Resolves when a connection is registered and configured; rejects with a TunnelError when that cannot be. */
  readonly ready: Promise<void>;
  /**
   * Resolves when the connector has ended: without a value by `stop`, with the error when the edge takes its token no
   * longer.
   */
  readonly ended: Promise<TunnelError | undefined>;
  readonly readyConnections: number;
  /** `host:port` of `/ready` and `/metrics`. */
  readonly metrics: string;
  /** Unregisters, lets requests in flight end within the grace period, and closes. */
  stop(): Promise<void>;
}

const CONNECTIONS = 4;
/** Tries before the first registration is given up. */
const FIRST_ATTEMPTS = 5;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;
/** Milliseconds after which a connection counts as good: after its end the next one is tried soon. */
const GOOD_LIFETIME_MS = 5_000;

/** Starts a connector. Rejects where token or port are unusable; `ready` settles when the edge has decided. */
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  const connector = new TunnelConnector(options);
  await connector.start();
  return connector;
}

/** How an attempt to connect ended: after a long life, after a short one, or with the error that ended it. */
type AttemptOutcome = "good" | "short" | TunnelError;

class TunnelConnector implements Connector {
  readonly #options: ConnectorOptions;
  readonly #token: ReturnType<typeof parseToken>;
  readonly #edges: readonly EdgeAddress[];
  readonly #log: (message: string) => void;
  readonly #id = randomUUID();
  readonly #proxy: OriginProxy;
  readonly #registered = new Set<ConnectorConnection>();
  readonly #dialled = new Set<ConnectorConnection>();
  readonly #stopping = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<TunnelError | undefined>();
  #readiness: LoopbackServer | undefined;
  #stopped: Promise<void> | undefined;
  #wasReady = false;
  /** Registrations that the edge refused since the last one that it accepted. */
  #refused = 0;

  /** @throws TunnelError where the token or the address of an edge is unusable */
  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#token = parseToken(options.token);
    this.#edges = options.edge.map(parseAddress);
    this.#log = options.log ?? (() => {});
    this.#proxy = new OriginProxy(this.#id, this.#log, options);
    this.#ready.promise.catch(() => {}); // a caller that waits for `ended` alone gets the error there
  }

  /** Serves `/ready` and begins to connect. @throws TunnelError where the port is taken */
  async start(): Promise<void> {
    this.#readiness = await serveReadiness(this.#options.metricsPort ?? 0, {
      connectorId: this.#id,
      readyConnections: () => this.readyConnections,
      configurationVersion: () => this.#proxy.version,
      requests: () => this.#proxy.requests,
      errors: () => this.#proxy.errors,
    });
    void this.#keepConnected(0);
    this.ready.then(
      () => {
        for (let index = 1; index < CONNECTIONS; index += 1) void this.#keepConnected(index);
      },
      () => {},
    );
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get ended(): Promise<TunnelError | undefined> {
    return this.#ended.promise;
  }

  get readyConnections(): number {
    return this.#registered.size;
  }

  get metrics(): string {
    return this.#readiness?.address ?? "";
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  /** Stops once; `error` is why the connector stops by itself. */
  #stop(error?: TunnelError): Promise<void> {
    this.#stopped ??= (async () => {
      this.#stopping.abort();
      const gracePeriod = this.#options.gracePeriodMs ?? 30_000;
      await Promise.all([...this.#dialled].map((connection) => connection.stop(gracePeriod)));
      this.#proxy.closeIdle();
      await this.#readiness?.close();
      this.#ready.reject(error ?? new TunnelError("STOPPED", "The connector was stopped before it was ready."));
      this.#ended.resolve(error);
    })();
    return this.#stopped;
  }

  /** Connects again whenever the connection has ended, until the connector stops or another try is useless. */
  async #keepConnected(index: number): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const outcome = await this.#connectOnce(index, attempt);
      if (signal.aborted) return;
      if (outcome === "good") attempt = 0;
      if (outcome instanceof TunnelError) {
        if (this.#isHopeless(outcome, attempt)) return void this.#stop(outcome); // `ready` and `ended` have the reason
        this.#log(outcome.message);
      }
      const pause = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
      await delay(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** Whether another try is useless. Counts refused registrations. */
  #isHopeless(error: TunnelError, attempt: number): boolean {
    if (error.code === "UNAUTHORIZED") this.#refused += 1;
    return this.#wasReady
      ? this.#refused >= CONNECTIONS && this.#registered.size === 0
      : isFinal(error) || attempt + 1 >= FIRST_ATTEMPTS;
  }

  /** Connects once and waits until the connection ends; returns how it ended. */
  async #connectOnce(index: number, attempt: number): Promise<AttemptOutcome> {
    const edge = this.#edges[(index + attempt) % this.#edges.length];
    if (!edge) return new TunnelError("EDGE_UNREACHABLE", "No edge was named to connect to.");
    const connection = this.#dial(edge, index, attempt);
    this.#dialled.add(connection);
    try {
      const result = await connection.registered;
      if (!result.ok) return refusalOf(result.cause);
      const since = performance.now();
      this.#registered.add(connection);
      this.#refused = 0;
      this.#log(`Registered tunnel connection ${index} at ${result.location}`);
      this.#wasReady = true;
      this.#ready.resolve();
      await connection.closed;
      if (!this.#stopping.signal.aborted) this.#log(`Lost connection ${index} with the edge`);
      return performance.now() - since > GOOD_LIFETIME_MS ? "good" : "short";
    } catch (error) {
      return unreachable(`${edge.host}:${edge.port}`, error);
    } finally {
      this.#registered.delete(connection);
      this.#dialled.delete(connection);
      connection.destroy();
    }
  }

  #dial(edge: EdgeAddress, index: number, attempt: number): ConnectorConnection {
    return new ConnectorConnection({
      ...edge,
      ca: this.#options.ca,
      proxy: this.#proxy,
      request: {
        accountTag: this.#token.accountTag,
        tunnelSecret: this.#token.secret,
        tunnelId: this.#token.tunnelId,
        connectionIndex: index,
        clientId: this.#id,
        features: ["allow_remote_config", "serialized_headers"],
        version: "causeway",
        arch: `${process.platform}_${process.arch}`,
        previousAttempts: attempt,
      },
    });
  }
}

function isFinal({ code }: TunnelError): boolean {
  return code === "UNAUTHORIZED" || code === "EDGE_UNTRUSTED" || code === "REGISTRATION_FAILED";
}

interface EdgeAddress {
  readonly host: string;
  readonly port: number;
}

function parseAddress(text: string): EdgeAddress {
  const parts = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (!parts?.[1] || port < 1 || port > 65_535) {
    throw new TunnelError("EDGE_UNREACHABLE", `"${text}" is not an edge's address; it has the form host:port.`);
  }
  return { host: parts[1], port };
}

function refusalOf(cause: string): TunnelError {
  if (cause.includes("Unauthorized")) {
    return new TunnelError(
      "UNAUTHORIZED",
      `The edge does not accept this token (${cause}). The tunnel was deleted, or its secret was rotated: get the ` +
        "token again and start the connector with it.",
    );
  }
  return new TunnelError("REGISTRATION_FAILED", `The edge refused the connection: ${cause}.`);
}

/** What OpenSSL calls a certificate that is not to be trusted. */
const UNTRUSTED = /CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/;

function unreachable(address: string, error: unknown): TunnelError {
  const reason = reasonOf(error);
  if (UNTRUSTED.test(String(codeOf(error)))) {
    return new TunnelError(
      "EDGE_UNTRUSTED",
      `The edge at ${address} shows a certificate that is not trusted here: ${reason}. The certificate authority ` +
        "given must be the ca.pem of that edge.",
      error,
    );
  }
  return new TunnelError(
    "EDGE_UNREACHABLE",
    `No connection to the edge at ${address}: ${reason}. Is it running?`,
    error,
  );
}
