import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf, reasonOf, TunnelError } from "../errors.ts";
import { ConnectorConnection } from "./connection.ts";
import { OriginProxy } from "./proxy.ts";
import { serveReadiness } from "./readiness.ts";
import { parseToken } from "./token.ts";

/** How to start the connector. */
export interface ConnectorOptions {
  /** The tunnel's token. */
  readonly token: string;
  /** `host:port` of edges; the four connections go to them in turn. */
  readonly edge: readonly string[];
  /** PEM of the authority that signed the edge's certificate; the system's authorities without it. */
  readonly ca?: string;
  /** Milliseconds that requests in flight have when the connector stops; 30,000 by default, as cloudflared has it. */
  readonly gracePeriod?: number;
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
/** Dials before the first registration is given up. */
const FIRST_ATTEMPTS = 5;
const FIRST_DELAY = 250;
const MAX_DELAY = 30_000;
/** A connection that lived this long, milliseconds, was a good one: the next is dialled without much waiting. */
const GOOD_LIFE = 5_000;

/** Starts a connector. Rejects where token or port are unusable; `ready` settles when the edge has decided. */
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  const token = parseToken(options.token);
  const edges = options.edge.map(parseAddress);
  const log = options.log ?? (() => {});
  const connectorId = randomUUID();
  const proxy = new OriginProxy(connectorId, log);
  const live = new Set<ConnectorConnection>();
  const dialled = new Set<ConnectorConnection>();
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<TunnelError | undefined>();
  ready.promise.catch(() => {}); // a caller that waits for `ended` alone gets the error there
  let wasReady = false;
  let refused = 0;

  const readiness = await serveReadiness(options.metricsPort ?? 0, {
    connectorId,
    readyConnections: () => live.size,
    configurationVersion: () => proxy.version,
    requests: () => proxy.requests,
    errors: () => proxy.errors,
  });

  let stopped: Promise<void> | undefined;
  const stop = (error?: TunnelError): Promise<void> => {
    stopped ??= (async () => {
      stopping.abort();
      await Promise.all([...dialled].map((connection) => connection.stop(options.gracePeriod ?? 30_000)));
      proxy.retire();
      await readiness.close();
      ready.reject(error ?? new TunnelError("STOPPED", "The connector was stopped before it was ready."));
      ended.resolve(error);
    })();
    return stopped;
  };

  /** Connects once and waits until the connection ends; returns how it ended. */
  async function connectOnce(index: number, attempt: number): Promise<"good" | "short" | TunnelError> {
    const edge = edges[(index + attempt) % edges.length];
    if (!edge) return new TunnelError("EDGE_UNREACHABLE", "No edge was named to connect to.");
    const connection = new ConnectorConnection({
      ...edge,
      ca: options.ca,
      proxy,
      request: {
        accountTag: token.accountTag,
        tunnelSecret: token.secret,
        tunnelId: token.tunnelId,
        connectionIndex: index,
        clientId: connectorId,
        features: ["allow_remote_config", "serialized_headers"],
        version: "causeway",
        arch: `${process.platform}_${process.arch}`,
        previousAttempts: attempt,
      },
    });
    dialled.add(connection);
    try {
      const result = await connection.registered;
      if (!result.ok) return refusalOf(result.cause);
      const since = performance.now();
      live.add(connection);
      refused = 0;
      log(`Registered tunnel connection ${index} at ${result.location}`);
      wasReady = true;
      ready.resolve();
      await connection.closed;
      if (!stopping.signal.aborted) log(`Lost connection ${index} with the edge`);
      return performance.now() - since > GOOD_LIFE ? "good" : "short";
    } catch (error) {
      return unreachable(`${edge.host}:${edge.port}`, error);
    } finally {
      live.delete(connection);
      dialled.delete(connection);
      connection.destroy();
    }
  }

  async function keepConnected(index: number): Promise<void> {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      const outcome = await connectOnce(index, attempt);
      if (stopping.signal.aborted) return;
      if (outcome === "good") attempt = 0;
      if (outcome instanceof TunnelError) {
        if (outcome.code === "UNAUTHORIZED") refused += 1;
        // Nothing that waiting would change, or nothing that waiting has changed.
        const hopeless = wasReady
          ? refused >= CONNECTIONS && live.size === 0
          : isFinal(outcome) || attempt + 1 >= FIRST_ATTEMPTS;
        if (hopeless) return void stop(outcome); // `ready` and `ended` have the reason
        log(outcome.message);
      }
      const pause = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  void keepConnected(0);
  ready.promise.then(
    () => {
      for (let index = 1; index < CONNECTIONS; index += 1) void keepConnected(index);
    },
    () => {},
  );

  return {
    ready: ready.promise,
    ended: ended.promise,
    get readyConnections() {
      return live.size;
    },
    metrics: readiness.address,
    stop: () => stop(),
  };
}

function isFinal({ code }: TunnelError): boolean {
  return code === "UNAUTHORIZED" || code === "EDGE_UNTRUSTED" || code === "REGISTRATION_FAILED";
}

function parseAddress(text: string): { host: string; port: number } {
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
