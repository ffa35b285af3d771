import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { type NetConnectOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { codeOf } from "../errors.ts";

type WriteCallback = (error?: Error | null) => void;

/**
 * A connection to an origin that goes on reading after the origin has closed it. An origin that refuses a body (413,
 * 431) responds, closes, and resets what still comes; a write then fails before the response was read, and Node.js
 * would drop it. Here such a write is dropped instead. Where no response came, reading fails in turn, and the request
 * with it (RFC 9112, 9.6).
 */
class ReadAfterCloseSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, callback: WriteCallback): void {
    super._write(chunk, encoding, (error) => callback(isClosedByPeer(error) ? null : error));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], callback: WriteCallback): void {
    super._writev?.(chunks, (error) => callback(isClosedByPeer(error) ? null : error));
  }
}

function isClosedByPeer(error: unknown): boolean {
  return codeOf(error) === "EPIPE" || codeOf(error) === "ECONNRESET";
}

/**
 * An agent whose connections are read to their end. For origins without TLS only: Node.js encrypts below the class that
 * it would have to replace.
 */
export class ReadAfterCloseAgent extends Agent {
  readonly #idleTimeout: number | undefined;

  constructor(options: AgentOptions) {
    super(options);
    this.#idleTimeout = options.timeout;
  }

  override createConnection(options: ClientRequestArgs): Duplex {
    const socket = new ReadAfterCloseSocket();
    if (this.#idleTimeout !== undefined) socket.setTimeout(this.#idleTimeout);
    return socket.connect(options as NetConnectOpts); // http.request and net.connect share these options
  }
}
