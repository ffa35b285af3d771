import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { isIPv4 } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { TunnelConfiguration } from "../configuration.ts";
import { MAX_HEADER_LINES, MAX_HEADER_LIST_BYTES } from "../header-limits.ts";
import { EDGE_SERVER_NAME } from "../server-name.ts";
import type { RegistrationRequest, RegistrationResult } from "../wire/registration.ts";
import { RegistrationClient } from "../wire/registration-client.ts";
import { UPGRADE } from "../wire/response-headers.ts";
import type { OriginProxy } from "./proxy.ts";

/** The address of the edge that a connection goes to, and the tunnel that it serves. */
export interface EdgeConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** PEM of the authorities to trust. */
  readonly ca: string | undefined;
  readonly request: Omit<RegistrationRequest, "originLocalIp">;
  readonly proxy: OriginProxy;
}

/** Milliseconds from dialling to the response to the registration. */
const REGISTRATION_TIMEOUT_MS = 15_000;
const MAX_CONFIGURATION_BYTES = 1024 * 1024;
const STREAM_WINDOW_BYTES = 256 * 1024;
/** As at the edge: it bounds speed, the windows of the streams bound memory. */
const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;

/** One connection to the edge. The connector is the client of TLS and the server of HTTP/2. */
export class ConnectorConnection {
  /** The edge's response; rejects when the connection ends before. */
  readonly registered: Promise<RegistrationResult>;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  readonly #options: EdgeConnectionOptions;
  readonly #socket: TLSSocket;
  #session: ServerHttp2Session | undefined;
  #client: RegistrationClient | undefined;
  #control: ServerHttp2Stream | undefined;

  constructor(options: EdgeConnectionOptions) {
    this.#options = options;
    this.#socket = connect({
      host: options.host,
      port: options.port,
      servername: EDGE_SERVER_NAME,
      minVersion: "TLSv1.2",
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.registered = new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => this.#socket.destroy(new Error("the edge did not respond to the registration in time")),
        REGISTRATION_TIMEOUT_MS,
      );
      this.#socket.on("error", reject);
      this.#socket.once("close", () => {
        clearTimeout(deadline);
        reject(new Error("the edge closed the connection before the registration"));
      });
      this.#socket.once("secureConnect", () => {
        this.#socket.setNoDelay(true);
        this.#serve((stream) => {
          this.#register(stream).then((result) => {
            clearTimeout(deadline);
            resolve(result);
          }, reject);
        });
      });
    });
    this.registered.catch(() => {}); // a caller that waits for `closed` alone need not handle it
  }

  /**
   * Tells the edge to send no more requests, waits for those in flight up to the grace period (milliseconds), then
   * closes.
   */
  async stop(gracePeriodMs: number): Promise<void> {
    const client = this.#client;
    if (client && !this.#socket.destroyed) {
      const deadline = performance.now() + gracePeriodMs;
      await waitAtMost(
        gracePeriodMs,
        client.unregister().catch(() => {}),
      );
      this.#control?.end();
      // The edge closes after its last response. Closing from here would lose a request that is on its way.
      await waitAtMost(Math.max(0, deadline - performance.now()), this.closed);
    }
    this.destroy();
    await this.closed;
  }

  /** Ends the connection and everything on it. */
  destroy(): void {
    this.#session?.destroy();
    this.#socket.destroy();
  }

  #serve(control: (stream: ServerHttp2Stream) => void): void {
    const session = performServerHandshake(this.#socket, {
      settings: {
        maxConcurrentStreams: 0xffffffff,
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxHeaderListSize: MAX_HEADER_LIST_BYTES,
      },
      maxSendHeaderBlockLength: 256 * 1024,
      // Node's 128 would reset the stream, which the edge could only report as 502.
      maxHeaderListPairs: MAX_HEADER_LINES,
      maxSessionMemory: 128,
      // Streams are reset whenever a visitor leaves; the edge is trusted, so that is no attack on this connection.
      streamResetBurst: 1_000_000,
      streamResetRate: 100_000,
      strictSingleValueFields: false,
    });
    this.#session = session;
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.on("error", () => this.destroy());
    session.once("close", () => this.#socket.destroy());
    session.on("stream", (stream: ServerHttp2Stream, headers, _flags, raw: string[]) => {
      const kind = headers[UPGRADE];
      if (kind === "control-stream") {
        if (this.#control) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
        this.#control = stream;
        stream.on("error", () => {});
        control(stream);
      } else if (kind === "update-configuration") this.#configure(stream);
      else if (headers["cf-cloudflared-proxy-src"] !== undefined) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else this.#options.proxy.serve(stream, raw);
    });
  }

  async #register(stream: ServerHttp2Stream): Promise<RegistrationResult> {
    stream.respond({ ":status": 200 });
    this.#client = new RegistrationClient(stream);
    const address = this.#socket.localAddress ?? "";
    const originLocalIp = Buffer.from(isIPv4(address) ? address.split(".").map(Number) : []);
    return await this.#client.register({ ...this.#options.request, originLocalIp });
  }

  #configure(stream: ServerHttp2Stream): void {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_CONFIGURATION_BYTES) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else chunks.push(chunk);
    });
    stream.once("end", () => {
      if (stream.destroyed || stream.closed) return;
      const { proxy } = this.#options;
      const problem = applyUpdate(Buffer.concat(chunks).toString("utf8"), proxy);
      const err = problem === undefined ? null : { message: problem };
      stream.respond({ ":status": 200 });
      stream.end(JSON.stringify({ lastAppliedVersion: proxy.version, err }));
    });
  }
}

function applyUpdate(body: string, proxy: OriginProxy): string | undefined {
  try {
    const update: unknown = JSON.parse(body);
    if (typeof update !== "object" || update === null || !("version" in update && "config" in update)) {
      return "the update has no version or no config";
    }
    const { version, config } = update;
    if (typeof version !== "number" || !Number.isInteger(version)) return "the version is no integer";
    return proxy.configure(version, (config ?? {}) as TunnelConfiguration);
  } catch (error) {
    if (error instanceof SyntaxError) return "the update is not JSON";
    throw error;
  }
}

/** Waits for a promise, but no longer than so many milliseconds. */
async function waitAtMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, elapsed]);
  clearTimeout(timer);
}
