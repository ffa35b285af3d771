import type { GatewaySocket } from "../gateway-socket.ts";
import { type EngineConnection, takeMessages, webSocketOf } from "../internals/engine-connection.ts";
import { type EventPacket, isUnread, readEvent } from "../internals/packets.ts";
import type { Budget } from "../limits/limits.ts";

/** Packets of Socket.IO that are no events: CONNECT and DISCONNECT (protocol 5). */
const ENTERS_OR_LEAVES = /^[01]/;

/**
 * Receives what a client sends over a WebSocket before Socket.IO does, from the first byte on. Everything is counted
 * before it is read, pings and pongs too. Events go to `take`. Socket.IO gets what joins and leaves a namespace, and
 * nothing else; nothing is binary. Disconnects a client that sends but does not read the responses: what waits for it
 * would grow without end.
 */
export class Guard {
  readonly #conn: EngineConnection;
  readonly #budget: Budget;
  readonly #take: (socket: GatewaySocket, event: EventPacket) => void;
  readonly #giveToSocketIo: (message: string) => void;
  #admitted: GatewaySocket | undefined;

  constructor(conn: EngineConnection, budget: Budget, take: (socket: GatewaySocket, event: EventPacket) => void) {
    this.#conn = conn;
    this.#budget = budget;
    this.#take = take;
    // WebSocket's own, each of which `ws` has answered by now (RFC 6455 5.5)
    const control = () => this.#control();
    webSocketOf(conn).on("ping", control).on("pong", control);
    this.#giveToSocketIo = takeMessages(conn);
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
    else if (typeof data === "string" && ENTERS_OR_LEAVES.test(data)) this.#giveToSocketIo(data);
    // after its socket was let in, what is binary belongs to an event that was refused
    else if (typeof data === "string" || !this.#admitted) this.#close();
  }

  /** A client without a session is cut off: no closing handshake is waited for. */
  #close(): void {
    if (this.#admitted && !isUnread(this.#conn)) this.#admitted.disconnect(true);
    else this.#conn.request.socket.destroy();
  }
}
