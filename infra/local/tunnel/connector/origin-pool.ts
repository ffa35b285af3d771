import { type Agent, type ClientRequest, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { HeaderLine } from "../wire/response-headers.ts";
import { Http2Origin } from "./http2-origin.ts";
import type { OriginService, OriginSettings } from "./ingress.ts";
import { overHttp1, overHttp2, type RequestToOrigin } from "./origin-request.ts";
import { ReadAfterCloseAgent } from "./read-after-close.ts";

type ReachableOrigin = Exclude<OriginService, { kind: "status" }>;

/** Bytes of response headers: as many as still fit into the one header of 64 KiB that carries them, in base64. */
const MAX_HEADER_BYTES = 44 * 1024;

/** cloudflared 2026.8.2 fails with "no Host in request URL": what works here must work there. */
const NO_WEBSOCKET = "cloudflared carries no WebSocket to a unix socket: let the origin listen at a port";

/** A request as it came through the tunnel. */
export interface PoolRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  /** Without `Host`, and without those that belong to one connection. */
  readonly headers: readonly HeaderLine[];
  /** It asks for a WebSocket, which keeps a connection for itself. */
  readonly websocket: boolean;
  readonly hasBody: boolean;
}

/** Idle connections to one origin, and how to make new ones. */
export class OriginPool {
  readonly #origin: ReachableOrigin;
  readonly #settings: OriginSettings;
  readonly #agent: Agent;
  readonly #secureContext: SecureContext | undefined;
  readonly #http2: Http2Origin | undefined;

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
    const { authorities } = settings;
    if (origin.tls && authorities !== undefined) this.#secureContext = createSecureContext({ ca: [...authorities] });
    // a connection that carries many requests has one server name
    if (origin.tls && settings.http2Origin && !settings.matchSniToHost) {
      this.#http2 = new Http2Origin({
        connect: () => this.#negotiate(),
        idleTimeoutMs: settings.keepAliveTimeoutMs,
        maxHeaderBytes: MAX_HEADER_BYTES,
      });
    }
  }

  /** Starts a request. Rejects where the origin cannot be reached, or where the request cannot be written. */
  async request(request: PoolRequest): Promise<RequestToOrigin> {
    if (request.websocket && this.#origin.kind === "unix") throw new Error(NO_WEBSOCKET);
    if (this.#http2 !== undefined && !request.websocket) {
      const { method, path, host, headers, hasBody } = request;
      const pseudo = { ":method": method, ":scheme": "https", ":authority": host, ":path": path };
      const started = await this.#http2.request({ ...pseudo, ...http2Headers(headers) }, hasBody);
      if (started !== undefined) return overHttp2(started.stream, started.reusesConnection);
    }
    return overHttp1(this.#overHttp1(request));
  }

  /** Keeps no connection for later; those in use end with their requests. */
  closeIdle(): void {
    this.#http2?.close();
    this.#agent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  #overHttp1({ method, path, host, headers, websocket, hasBody }: PoolRequest): ClientRequest {
    const origin = this.#origin;
    const lines = ["host", host, ...headers.flat()];
    if (websocket) lines.push("connection", "Upgrade", "upgrade", "websocket", "sec-websocket-version", "13");
    else lines.push("connection", "keep-alive");
    if (hasBody && !headers.some(([name]) => name === "content-length")) lines.push("transfer-encoding", "chunked");
    const options: RequestOptions = {
      method,
      path,
      headers: lines,
      setHost: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      agent: websocket ? false : this.#agent,
      ...(origin.kind === "unix" ? { socketPath: origin.path } : { host: origin.host, port: origin.port }),
    };
    const request = origin.tls ? requestHttps({ ...options, ...this.#tls(host) }) : requestHttp(options);
    request.once("socket", (socket) => {
      if (socket.connecting) this.#limitTime(socket, (error) => request.destroy(error));
    });
    return request;
  }

  /** Opens a connection for HTTP/2, or for HTTP/1.1 where the origin has no other. */
  #negotiate(): Promise<TLSSocket> {
    const origin = this.#origin;
    return new Promise((resolve, reject) => {
      const socket = connect({
        ...(origin.kind === "unix" ? { path: origin.path } : { host: origin.host, port: origin.port }),
        ...this.#tls(),
        ALPNProtocols: ["h2", "http/1.1"],
      });
      socket.setKeepAlive(true, this.#settings.tcpKeepAliveMs);
      socket.setNoDelay(true);
      this.#limitTime(socket, (error) => socket.destroy(error));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the origin closed the connection")));
      socket.once("secureConnect", () => resolve(socket));
    });
  }

  /** `host`: of the request, where it may be the name that the certificate must have. */
  #tls(host?: string) {
    const { originServerName, matchSniToHost, noTlsVerify } = this.#settings;
    const origin = this.#origin;
    const ofOrigin = origin.kind === "tcp" && isIP(origin.host) === 0 ? origin.host : "";
    const ofRequest = matchSniToHost ? host?.replace(/:\d+$/, "") : undefined;
    return {
      rejectUnauthorized: !noTlsVerify,
      servername: originServerName ?? ofRequest ?? ofOrigin,
      ...(this.#secureContext !== undefined && { secureContext: this.#secureContext }),
    };
  }

  /** Ends a connection that is not made in time. */
  #limitTime(socket: Socket, end: (error: Error) => void): void {
    const { connectTimeoutMs, tlsTimeoutMs } = this.#settings;
    const limit = (ms: number, what: string, event: string) => {
      const timer = setTimeout(() => end(new Error(`${what} took longer than ${ms} ms`)), ms);
      socket.once(event, () => clearTimeout(timer));
      socket.once("close", () => clearTimeout(timer));
    };
    limit(connectTimeoutMs, "connecting", "connect");
    if (this.#origin.tls) limit(connectTimeoutMs + tlsTimeoutMs, "the TLS handshake", "secureConnect");
  }
}

/** Headers that belong to one connection of HTTP/1.1, which HTTP/2 does not have (RFC 9113, 8.2.2). */
const OF_A_CONNECTION = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

function http2Headers(lines: readonly HeaderLine[]): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = Object.create(null);
  for (const [given, value] of lines) {
    const name = given.toLowerCase();
    if (OF_A_CONNECTION.has(name) || (name === "te" && value.toLowerCase() !== "trailers")) continue;
    headers[name] = [...(headers[name] ?? []), value];
  }
  return headers;
}
