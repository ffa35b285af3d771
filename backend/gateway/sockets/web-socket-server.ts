import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { dropUpgradeResponse } from "../internals/engine-handshake.ts";
import { heldBytes, unfinishedMessage } from "../internals/unfinished-message.ts";
import type { CapTable } from "../limits/caps/table.ts";
import type { UnfinishedBytes } from "../limits/caps/unfinished-bytes.ts";

export interface MessageLimits {
  readonly caps: Pick<CapTable, "fragments" | "readsOfMessage">;
  /** Milliseconds from a message's first byte to its last. */
  readonly timeout: number;
  /** Counts the bytes of messages that have not ended. */
  readonly unfinishedBytes: UnfinishedBytes;
}

/** Connections that were closed for a message in too many parts, or one that did not end in time. */
export interface RefusedMessages {
  fragmented: number;
  unfinished: number;
}

/** Milliseconds that a client has to respond to a closing handshake (RFC 6455 7.1.1); `ws` alone waits 30 s. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Makes the class of the WebSocket server that Engine.IO gets as `wsEngine`. It limits the frames of a message and the
 * pieces in which they arrive, for which `ws` alone allows 16,384 and 262,144, and the time that a message takes.
 */
export function limitedWebSocketServer(
  { caps, timeout, unfinishedBytes }: MessageLimits,
  refused: RefusedMessages,
): new (
  options: ServerOptions,
) => WebSocketServer {
  const open = new Set<WebSocket>();
  const unfinished = new WeakMap<WebSocket, { readonly message: unknown; readonly since: number }>();

  function forget(this: WebSocket): void {
    open.delete(this);
    unfinishedBytes.remove(this);
  }

  /** Counts the bytes that `ws` holds, after each read from the connection. */
  function watchBytes(webSocket: WebSocket, connection: Duplex): void {
    const close = () => webSocket.terminate();
    connection.on("data", () => {
      unfinishedBytes.set(webSocket, unfinishedMessage(webSocket), heldBytes(webSocket), close);
    });
  }

  function countRefused(error: NodeJS.ErrnoException): void {
    if (error.code === "WS_ERR_TOO_MANY_BUFFERED_PARTS") refused.fragmented += 1;
  }

  function closeUnfinished(): void {
    const now = performance.now();
    for (const webSocket of open) {
      const message = unfinishedMessage(webSocket);
      const known = unfinished.get(webSocket);
      if (message === undefined) continue;
      if (known?.message !== message) unfinished.set(webSocket, { message, since: now });
      else if (now - known.since >= timeout) {
        refused.unfinished += 1;
        webSocket.terminate();
      }
    }
  }

  return class extends WebSocketServer {
    readonly #timer: NodeJS.Timeout;

    constructor(options: ServerOptions) {
      // newer than its types
      const limits = { maxBufferedChunks: caps.readsOfMessage, closeTimeout: CLOSE_TIMEOUT_MS } as ServerOptions;
      super({ ...options, ...limits, maxFragments: caps.fragments });
      this.#timer = setInterval(closeUnfinished, timeout / 4).unref();
    }

    override handleUpgrade(
      request: IncomingMessage,
      connection: Duplex,
      head: Buffer,
      callback: (webSocket: WebSocket, request: IncomingMessage) => void,
    ): void {
      dropUpgradeResponse(connection);
      super.handleUpgrade(request, connection, head, (webSocket) => {
        open.add(webSocket);
        watchBytes(webSocket, connection);
        webSocket.on("close", forget).on("error", countRefused);
        callback(webSocket, request);
      });
    }

    override close(callback?: (error?: Error) => void): void {
      clearInterval(this.#timer);
      super.close(callback);
    }
  };
}
