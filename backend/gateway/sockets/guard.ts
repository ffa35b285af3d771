import { EventEmitter } from "node:events";
import { type EventPacket, isUnread, readEvent } from "../internals/packets.ts";
import type { Budget } from "../limits/limits.ts";
import type { GatewaySocket } from "./gateway-socket.ts";

export type EngineConnection = GatewaySocket["conn"];

/** Packets of Socket.IO that are no events: CONNECT and DISCONNECT (protocol 5). */
const ENTERS_OR_LEAVES = /^[01]/;

/**
 * Stands between a WebSocket and Socket.IO, from the first byte on: whatever a client sends is counted before it is
 * looked at, pings and pongs too, and events are ours to take. None of the rest means anything here but what joins and
 * leaves a namespace, and nothing here is binary. Who is answered and does not read is cut off: otherwise what waits
 * for them would grow as long as they ask.
 */
export class Guard {
  readonly #conn: EngineConnection;
  readonly #budget: Budget;
  readonly #take: (socket: GatewaySocket, event: EventPacket) => void;
  /** What Socket.IO does with a message. */
  readonly #socketIo: readonly unknown[];
  #admitted: GatewaySocket | undefined;

  constructor(conn: EngineConnection, budget: Budget, take: (socket: GatewaySocket, event: EventPacket) => void) {
    this.#conn = conn;
    this.#budget = budget;
    this.#take = take;
    const { socket: webSocket } = conn.transport as unknown as { readonly socket?: unknown };
    if (!(webSocket instanceof EventEmitter)) throw new Error("invariant: a connection is a WebSocket");
    // WebSocket's own, each of which `ws` has answered by now (RFC 6455 5.5)
    const control = () => this.#control();
    webSocket.on("ping", control).on("pong", control);
    this.#socketIo = conn.listeners("data");
    conn.removeAllListeners("data");
    conn.on("packet", ({ type, data }: { type: string; data?: unknown }) => {
      if (type === "message") this.#message(data);
      else this.#control();
    });
  }

  /** Its socket was let in: from now on it may send events. */
  admit(socket: GatewaySocket): void {
    this.#admitted = socket;
  }

  #control(): void {
    if (!this.#budget.take() || isUnread(this.#conn)) this.#conn.request.socket.destroy();
  }

  #message(data: unknown): void {
    const goesOn = this.#budget.take() && !isUnread(this.#conn);
    const event = typeof data === "string" ? readEvent(data) : undefined;
    if (!goesOn) this.#close();
    else if (event && this.#admitted) this.#take(this.#admitted, event);
    else if (typeof data === "string" && ENTERS_OR_LEAVES.test(data)) {
      for (const listener of this.#socketIo) (listener as (data: string) => void).call(this.#conn, data);
    }
    // after its socket was let in, what is binary belongs to an event that was refused
    else if (typeof data === "string" || !this.#admitted) this.#close();
  }

  /** Who was let in is told; of a stranger no closing handshake is waited for. */
  #close(): void {
    if (this.#admitted && !isUnread(this.#conn)) this.#admitted.disconnect(true);
    else this.#conn.request.socket.destroy();
  }
}
