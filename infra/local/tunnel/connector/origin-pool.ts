import { type Agent, type ClientRequest, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import type { OriginService, OriginSettings } from "./ingress.ts";
import { ReadAfterCloseAgent } from "./read-after-close.ts";

type ReachableOrigin = Exclude<OriginService, { kind: "status" }>;

/** Bytes of response headers: as many as still fit into the one header of 64 KiB that carries them, in base64. */
const MAX_HEADER_BYTES = 44 * 1024;

/** Idle connections to one origin, and how to make new ones. */
export class OriginPool {
  readonly #origin: ReachableOrigin;
  readonly #settings: OriginSettings;
  readonly #agent: Agent;

  constructor(origin: ReachableOrigin, settings: OriginSettings) {
    this.#origin = origin;
    this.#settings = settings;
    const pool = {
      keepAlive: true,
      keepAliveMsecs: settings.tcpKeepAliveMs,
      maxFreeSockets: settings.keepAliveConnections,
      timeout: settings.keepAliveTimeoutMs,
    };
    this.#agent = origin.tls ? new TlsAgent(pool) : new ReadAfterCloseAgent(pool);
  }

  /** Starts a request; `pooled` false takes a connection of its own, which a WebSocket keeps. */
  request(options: { method: string; path: string; host: string; headers: string[]; pooled: boolean }): ClientRequest {
    const { connectTimeoutMs, tlsTimeoutMs, originServerName, matchSniToHost, noTlsVerify } = this.#settings;
    const origin = this.#origin;
    const servername = originServerName ?? (matchSniToHost ? options.host.replace(/:\d+$/, "") : undefined);
    const common: RequestOptions = {
      method: options.method,
      path: options.path,
      headers: options.headers,
      setHost: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      agent: options.pooled ? this.#agent : false,
      ...(origin.kind === "unix" ? { socketPath: origin.path } : { host: origin.host, port: origin.port }),
    };
    const request = origin.tls
      ? requestHttps({ ...common, rejectUnauthorized: !noTlsVerify, ...(servername ? { servername } : {}) })
      : requestHttp(common);
    request.once("socket", (socket) => {
      if (!socket.connecting) return;
      const limit = (ms: number, what: string, event: string) => {
        const timer = setTimeout(() => request.destroy(new Error(`${what} took longer than ${ms} ms`)), ms);
        socket.once(event, () => clearTimeout(timer));
        socket.once("close", () => clearTimeout(timer));
      };
      limit(connectTimeoutMs, "connecting", "connect");
      if (origin.tls) limit(connectTimeoutMs + tlsTimeoutMs, "the TLS handshake", "secureConnect");
    });
    return request;
  }

  /** Keeps no connection for later; those in use end with their requests. */
  closeIdle(): void {
    this.#agent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}
