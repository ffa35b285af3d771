import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** How many requests may wait, and how much memory they may take. */
export interface TurnLimits {
  /** Requests of one connection that wait for the one before. */
  readonly perConnection: number;
  /** Bytes of all waiting requests of one connection. */
  readonly connectionBytes: number;
  /** Bytes of all waiting requests of the edge. */
  readonly totalBytes: number;
}

/** What Node.js keeps for a request apart from its header lines, bytes; measured at about 4 kB. */
const REQUEST_BYTES = 4_096;

interface WaitingRequests {
  readonly waiting: { readonly bytes: number; start(): void }[];
  bytes: number;
}

/**
 * Handles the requests of a connection one after the other, each after the response to the one before was sent (RFC
 * 9112, 9.3.2). A client that sends many and reads none then holds one response and the heads of the others, not all
 * responses.
 */
export class RequestTurns {
  readonly #limits: TurnLimits;
  readonly #connections = new Map<Duplex, WaitingRequests>();
  /** Connections whose end is listened to: once, however many requests they carry. */
  readonly #watched = new WeakSet<Duplex>();
  #bytes = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Whether a response is under way on a connection, so that nothing else may be written there. */
  isBusy(connection: Duplex): boolean {
    return this.#connections.has(connection);
  }

  /**
   * Starts a request now or at its turn, never after its connection has closed. Disconnects a client that sends too
   * many.
   */
  take(request: IncomingMessage, response: ServerResponse, start: () => void): void {
    const { socket } = request;
    const turns = this.#connections.get(socket);
    if (!turns) {
      this.#connections.set(socket, { waiting: [], bytes: 0 });
      this.#watch(socket);
      this.#start(socket, response, start);
      return;
    }
    const bytes = request.rawHeaders.reduce(
      (sum, text) => sum + text.length,
      REQUEST_BYTES + (request.url?.length ?? 0),
    );
    const { perConnection, connectionBytes, totalBytes } = this.#limits;
    if (
      turns.waiting.length >= perConnection ||
      turns.bytes + bytes > connectionBytes ||
      this.#bytes + bytes > totalBytes
    ) {
      socket.destroy();
      return;
    }
    turns.waiting.push({ bytes, start: () => this.#start(socket, response, start) });
    turns.bytes += bytes;
    this.#bytes += bytes;
  }

  #watch(socket: Duplex): void {
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.once("close", () => this.#forget(socket));
  }

  #start(socket: Duplex, response: ServerResponse, start: () => void): void {
    response.once("close", () => this.#next(socket));
    start();
  }

  #next(socket: Duplex): void {
    const turns = this.#connections.get(socket);
    const next = socket.destroyed ? undefined : turns?.waiting.shift();
    if (turns && next) {
      turns.bytes -= next.bytes;
      this.#bytes -= next.bytes;
      next.start();
    } else this.#forget(socket);
  }

  #forget(socket: Duplex): void {
    const turns = this.#connections.get(socket);
    if (!turns) return;
    this.#connections.delete(socket);
    this.#bytes -= turns.bytes;
  }
}
