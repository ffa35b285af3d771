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

/**
 * The HTTP/2 connection to one origin. Requests that exceed what the origin takes at once wait for others to end, as
 * in cloudflared.
 */
export class Http2Origin {
  readonly #options: Http2OriginOptions;
  #session: ClientHttp2Session | undefined;
  #opening: Promise<ClientHttp2Session | undefined> | undefined;
  #isHttp1 = false;

  constructor(options: Http2OriginOptions) {
    this.#options = options;
  }

  /**
   * Starts a request; undefined where the origin has not chosen HTTP/2. Rejects where the origin cannot be reached or
   * the request cannot be written.
   */
  async request(
    headers: Readonly<Record<string, string | string[]>>,
    hasBody: boolean,
  ): Promise<{ readonly stream: ClientHttp2Stream; readonly reusesConnection: boolean } | undefined> {
    if (this.#isHttp1) return undefined;
    const known = this.#session;
    const isUsable = known !== undefined && !known.closed && !known.destroyed;
    const session = isUsable ? known : await this.#connect();
    if (session === undefined) return undefined;
    return { stream: session.request(headers, { endStream: !hasBody }), reusesConnection: isUsable };
  }

  /** Closes the connection as soon as it carries no request. */
  close(): void {
    this.#session?.close();
  }

  /** Requests that wait for a connection share it. */
  async #connect(): Promise<ClientHttp2Session | undefined> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #open(): Promise<ClientHttp2Session | undefined> {
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
    this.#session = session;
    return session;
  }
}
