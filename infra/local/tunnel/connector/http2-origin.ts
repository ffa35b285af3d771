import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import type { TLSSocket } from "node:tls";
import { MAX_HEADER_LINES } from "../header-limits.ts";

/** How to reach an origin that may speak HTTP/2. */
interface Http2OriginOptions {
  /** Opens a connection, by which both sides have chosen the protocol. Rejects where there is none in time. */
  readonly connect: () => Promise<TLSSocket>;
  /** Milliseconds after which a connection without a request is closed. */
  readonly idleTimeoutMs: number;
  /** Bytes of a response's headers. */
  readonly maxHeaderBytes: number;
}

/** A connection to the origin. */
interface OriginConnection {
  readonly session: ClientHttp2Session;
  /** Requests that have begun and not ended, those that wait included. One that is cancelled waits for its turn. */
  requests: number;
}

/** Requests that may wait for a connection, or for others to end. */
export const MAX_WAITING_REQUESTS = 500;

/**
 * The HTTP/2 connection to one origin. Requests that exceed what the origin takes at once wait for others to end, and
 * fail where too many wait; cloudflared opens another connection for them.
 */
export class Http2Origin {
  readonly #options: Http2OriginOptions;
  #connection: OriginConnection | undefined;
  #opening: Promise<OriginConnection | undefined> | undefined;
  /** Requests that wait for the connection. */
  #waiting = 0;
  #isHttp1 = false;

  constructor(options: Http2OriginOptions) {
    this.#options = options;
  }

  /**
   * Starts a request; undefined where the origin has not chosen HTTP/2. Rejects where the origin cannot be reached, the
   * request cannot be written, or too many requests wait.
   */
  async request(
    headers: Readonly<Record<string, string | string[]>>,
    hasBody: boolean,
  ): Promise<{ readonly stream: ClientHttp2Stream; readonly reusesConnection: boolean } | undefined> {
    if (this.#isHttp1) return undefined;
    const known = this.#connection;
    const isUsable = known !== undefined && !known.session.closed && !known.session.destroyed;
    const connection = isUsable ? known : await this.#connect();
    if (connection === undefined) return undefined;
    const { session } = connection;
    assertFewWait(connection.requests - (session.remoteSettings.maxConcurrentStreams ?? 0));
    const stream = session.request(headers, { endStream: !hasBody });
    connection.requests += 1;
    stream.once("close", () => {
      connection.requests -= 1;
    });
    return { stream, reusesConnection: isUsable };
  }

  /** Closes the connection as soon as it carries no request. */
  close(): void {
    this.#connection?.session.close();
  }

  /** Requests that wait for a connection share it. */
  async #connect(): Promise<OriginConnection | undefined> {
    assertFewWait(this.#waiting);
    this.#waiting += 1;
    try {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined;
      });
      return await this.#opening;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #open(): Promise<OriginConnection | undefined> {
    const { connect, idleTimeoutMs, maxHeaderBytes } = this.#options;
    const socket = await connect();
    if (socket.alpnProtocol !== "h2") {
      this.#isHttp1 = true;
      socket.destroy();
      return undefined;
    }
    const session = connectHttp2("https://origin", {
      createConnection: () => socket,
      maxSendHeaderBlockLength: 256 * 1024,
      maxHeaderListPairs: MAX_HEADER_LINES,
      // clients that do not read keep a window of each stream: with Node's 10 MB, 160 of them would stop all others
      maxSessionMemory: 128,
      settings: { enablePush: false, maxHeaderListSize: maxHeaderBytes },
    });
    session.on("error", () => session.destroy());
    // requests that are under way go on
    session.setTimeout(idleTimeoutMs, () => session.close());
    this.#connection = { session, requests: 0 };
    return this.#connection;
  }
}

function assertFewWait(waiting: number): void {
  if (waiting >= MAX_WAITING_REQUESTS) throw new Error(`${MAX_WAITING_REQUESTS} requests to it are waiting`);
}
