import { EventEmitter } from "node:events";
import type { GatewaySocket } from "./gateway-socket.ts";
import { type EventPacket, isUnread, readEvent } from "./packets.ts";

export type Connection = GatewaySocket["conn"];

/** Packets of Socket.IO that are no events: CONNECT and DISCONNECT (protocol 5). */
const ENTERS_OR_LEAVES = /^[01]/;

/** A connection that is watched from its first byte on. */
export interface Guard {
  /** Its socket was let in: from now on it may send events. */
  admit(socket: GatewaySocket): void;
}

/**
 * Stands between a WebSocket and Socket.IO: whatever a client sends is counted before it is looked at, pings and pongs too, and events
 * are ours to take. None of the rest means anything here but what joins and leaves a namespace, and nothing here is binary. Who is
 * answered and does not read is cut off: otherwise what waits for them would grow as long as they ask.
 */
export function guard(
  conn: Connection,
  mayGoOn: () => boolean,
  take: (socket: GatewaySocket, event: EventPacket) => void,
): Guard {
  const connection = conn.request.socket;
  const { socket: webSocket } = conn.transport as unknown as { readonly socket?: unknown };
  if (!(webSocket instanceof EventEmitter)) throw new Error("invariant: a connection is a WebSocket");
  let admitted: GatewaySocket | undefined;

  const control = (): void => {
    if (!mayGoOn() || isUnread(conn)) connection.destroy();
  };
  // who was let in is told; of a stranger no closing handshake is waited for
  const close = (): void => {
    if (admitted && !isUnread(conn)) admitted.disconnect(true);
    else connection.destroy();
  };

  // WebSocket's own, each of which `ws` has answered by now (RFC 6455 5.5), and those of Engine.IO
  webSocket.on("ping", control).on("pong", control);
  conn.on("packet", ({ type }: { type: string }) => {
    if (type !== "message") control();
  });
  const socketIo = conn.listeners("data");
  conn.removeAllListeners("data");
  conn.on("data", (data: unknown) => {
    if (!mayGoOn() || isUnread(conn)) return close();
    const event = typeof data === "string" ? readEvent(data) : undefined;
    if (event && admitted) take(admitted, event);
    else if (typeof data === "string" && ENTERS_OR_LEAVES.test(data)) {
      for (const listener of socketIo) listener.call(conn, data);
    }
    // after its socket was let in, what is binary belongs to an event that was refused
    else if (typeof data === "string" || !admitted) close();
  });
  return {
    admit(socket) {
      admitted = socket;
    },
  };
}
