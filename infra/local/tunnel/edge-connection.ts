import { randomUUID } from "node:crypto";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { Authorization, TunnelClaim } from "./authorize.ts";
import {
  type ConfigurationResponse,
  decodeConfigurationResponse,
  encodeUpdate,
  type VersionedConfiguration,
} from "./configuration.ts";
import { MAX_HEADER_LIST_BYTES } from "./header-limits.ts";
import { EDGE_SERVER_NAME } from "./server-name.ts";
import { openTunnelStream, type TunnelRequest, type TunnelStream } from "./tunnel-stream.ts";
import type { RegistrationRequest, RegistrationResult } from "./wire/registration.ts";
import { serveRegistration } from "./wire/registration-server.ts";
import { UPGRADE } from "./wire/response-headers.ts";

/** A connection of a connector, as Cloudflare's API lists it. */
export interface TunnelConnection {
  /** UUID that the edge gave the connection. */
  readonly id: string;
  /** UUID of the connector process. */
  readonly clientId: string;
  readonly clientVersion: string;
  readonly arch: string;
  readonly features: readonly string[];
  /** 0 to 3. */
  readonly index: number;
  readonly originIp: string;
  readonly colo: string;
  /** Milliseconds since the UNIX epoch. */
  readonly openedAt: number;
}

/** The functions of the edge that its connections use. */
export interface EdgeConnectionOwner {
  readonly colo: string;
  /** Milliseconds from the end of the TLS handshake to the registration. */
  readonly registrationTimeoutMs: number;
  clock(): number;
  authorize(claim: TunnelClaim): Authorization;
  /** Why the tunnel takes no further connection, if it does not. */
  refusal(tunnelId: string): string | undefined;
  /** The newest configuration known for a tunnel. */
  latestConfiguration(tunnelId: string, authorized: VersionedConfiguration | null): VersionedConfiguration | null;
  /** The peer accepted the control stream, which only HTTP/2 can. */
  controlAccepted(): void;
  opened(connection: EdgeConnection): void;
  closed(connection: EdgeConnection): void;
}

/** Milliseconds that a connector has to respond to a pushed configuration. */
const CONFIGURATION_TIMEOUT_MS = 5_000;
/** Milliseconds that a refused connector has to read why. */
const REFUSAL_LINGER_MS = 1_000;
const MAX_RESPONSE_BYTES = 64 * 1024;
/**
 * Bytes of HTTP/2 flow control for each stream: enough for full speed on a loopback, and little memory with a thousand
 * clients that do not read.
 */
const STREAM_WINDOW_BYTES = 256 * 1024;
/**
 * Bytes of flow control for all streams of a connection together (RFC 9113, 6.9.2 begins with 65,535). Node.js takes
 * bytes off it as they arrive, read or not: it bounds speed, and the windows of the streams bound memory.
 */
const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;
/** Mebibytes that nghttp2 may hold for all streams of one connection before it refuses new ones. */
const SESSION_MEMORY_MIB = 128;

/**
 * The edge's side of one connection that a connector opened. The roles are reversed: the edge is the HTTP/2 client.
 */
export class EdgeConnection {
  readonly #socket: TLSSocket;
  readonly #session: ClientHttp2Session;
  readonly #control: ClientHttp2Stream;
  readonly #owner: EdgeConnectionOwner;
  readonly #registrationTimer: NodeJS.Timeout;
  #registered: { tunnelId: string; details: TunnelConnection } | undefined;
  #configuredVersion: number | undefined;
  #draining = false;
  #requestsInFlight = 0;

  constructor(socket: TLSSocket, owner: EdgeConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on("error", () => this.destroy());
    this.#session = connect(`https://${EDGE_SERVER_NAME}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: 256 * 1024 },
      maxSendHeaderBlockLength: MAX_HEADER_LIST_BYTES, // nghttp2 would stop at 64 KiB, half of what Cloudflare takes
      maxSessionMemory: SESSION_MEMORY_MIB,
    });
    this.#session.once("connect", () => this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    this.#session.on("error", () => this.destroy());
    this.#session.on("goaway", () => this.drain());
    this.#session.once("close", () => this.#close());
    this.#control = this.#session.request(
      { ":method": "GET", ":path": "/", ":authority": EDGE_SERVER_NAME, [UPGRADE]: "control-stream" },
      { endStream: false },
    );
    this.#control.on("error", () => this.destroy());
    this.#control.once("response", () => owner.controlAccepted());
    this.#control.once("close", () => this.drain());
    this.#registrationTimer = setTimeout(() => this.destroy(), owner.registrationTimeoutMs);
    serveRegistration(this.#control, {
      register: (request) => this.#register(request),
      responseSent: (result) => (result.ok ? this.#open() : this.#refuse()),
      unregister: () => this.drain(),
      failed: () => (this.#registered ? this.drain() : this.#refuse()),
    });
  }

  /** The tunnel that the connection serves, once it is registered. */
  get tunnelId(): string | undefined {
    return this.#registered?.tunnelId;
  }

  get details(): TunnelConnection | undefined {
    return this.#registered?.details;
  }

  /** Whether new requests may be sent down this connection. */
  get usable(): boolean {
    return this.#registered !== undefined && !this.#draining && !this.#session.closed && !this.#session.destroyed;
  }

  /** Requests and WebSockets in flight. */
  get active(): number {
    return this.#requestsInFlight;
  }

  /** Opens a stream; undefined where the session takes none any more. */
  open(request: TunnelRequest): TunnelStream | undefined {
    if (!this.usable) return undefined;
    const stream = openTunnelStream(this.#session, request);
    this.#requestsInFlight += 1;
    stream.once("close", () => {
      this.#requestsInFlight -= 1;
      if (this.#draining) this.#closeWhenIdle();
    });
    return stream;
  }

  /**
   * Sends a configuration to the connector; undefined where no response came, because the connection ended or stalled.
   */
  configure(configuration: VersionedConfiguration): Promise<ConfigurationResponse | undefined> {
    return new Promise((resolve) => {
      if (this.#session.closed || this.#session.destroyed) return resolve(undefined);
      const stream = this.#session.request({
        ":method": "PUT",
        ":path": "/",
        ":authority": EDGE_SERVER_NAME,
        [UPGRADE]: "update-configuration",
        "content-type": "application/json",
      });
      const timer = setTimeout(() => stream.destroy(), CONFIGURATION_TIMEOUT_MS);
      let body = "";
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        body += text;
        if (body.length > MAX_RESPONSE_BYTES) stream.destroy();
      });
      stream.on("error", () => {});
      stream.once("close", () => {
        clearTimeout(timer);
        resolve(decodeConfigurationResponse(body));
      });
      stream.end(encodeUpdate(configuration));
    });
  }

  /**
   * Takes no new requests, lets those in flight end, then closes. The connector bounds the wait by its grace period.
   */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    clearTimeout(this.#registrationTimer);
    this.#owner.closed(this);
    if (this.#control.writable) this.#control.end();
    this.#closeWhenIdle();
  }

  /**
   * A GOAWAY may overtake a request that was just sent, and the connector would then close without a response. So the
   * responses come first, then the end.
   */
  #closeWhenIdle(): void {
    if (this.#requestsInFlight === 0 && !this.#session.closed) this.#session.close();
  }

  /** Ends the connection and everything in flight on it. */
  destroy(): void {
    if (!this.#session.destroyed) this.#session.destroy();
    this.#socket.destroy();
    this.#close();
  }

  async #register(request: RegistrationRequest): Promise<RegistrationResult> {
    const { tunnelId, accountTag, tunnelSecret: secret, clientId } = request;
    const authorization = this.#owner.authorize({ accountTag, tunnelId, secret });
    if (!authorization.ok) return { ok: false, cause: `Unauthorized: ${authorization.reason}` };
    const refusal = this.#owner.refusal(tunnelId);
    if (refusal) return { ok: false, cause: refusal, retryAfterMs: 5_000 };
    // The connector gets its configuration before it is registered, so it never serves a request by an older one.
    const latest = this.#owner.latestConfiguration(tunnelId, authorization.config);
    if (latest) await this.configure(latest);
    this.#configuredVersion = latest?.version;
    const id = randomUUID();
    const details: TunnelConnection = {
      id,
      clientId,
      clientVersion: request.version,
      arch: request.arch,
      features: request.features,
      index: request.connectionIndex,
      originIp: this.#socket.remoteAddress ?? "",
      colo: this.#owner.colo,
      openedAt: this.#owner.clock(),
    };
    this.#registered = { tunnelId, details };
    return { ok: true, connectionId: id, location: this.#owner.colo, remotelyManaged: true };
  }

  #open(): void {
    if (this.#draining || this.#session.destroyed) return;
    clearTimeout(this.#registrationTimer);
    this.#owner.opened(this);
    // A configuration that was pushed to the other connections while this one registered.
    const latest = this.#registered && this.#owner.latestConfiguration(this.#registered.tunnelId, null);
    if (latest && latest.version > (this.#configuredVersion ?? -1)) void this.configure(latest);
  }

  /** Closes a connection whose registration is refused: cloudflared waits until the edge does that. */
  #refuse(): void {
    this.#draining = true;
    clearTimeout(this.#registrationTimer);
    this.#control.end();
    this.#session.close();
    const linger = setTimeout(() => this.destroy(), REFUSAL_LINGER_MS);
    this.#session.once("close", () => clearTimeout(linger));
  }

  #close(): void {
    clearTimeout(this.#registrationTimer);
    this.#draining = true;
    this.#owner.closed(this);
  }
}
