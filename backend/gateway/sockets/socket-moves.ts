import { evenly } from "../evenly.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { encodeEvent, prefixOf, send } from "../internals/packets.ts";
import type { ConnectionGuards } from "./guard.ts";

/**
 * Lets the clients of these sockets connect again, one after the other and evenly over so many milliseconds, and closes
 * the sockets. A socket with calls in flight closes after them.
 */
export function moveSockets(
  sockets: readonly GatewaySocket[],
  spread: number,
  connections: ConnectionGuards,
): Promise<void> {
  return evenly(sockets, spread, (socket) => {
    if (socket.connected) moveOne(socket, connections);
  });
}

/** Lets a client connect again at once, and closes its socket. */
export function moveOne(socket: GatewaySocket, connections: ConnectionGuards): void {
  socket.data.isMoving = true;
  send(socket, encodeEvent("drain", { retryAfter: 0 }, prefixOf(socket.nsp.name)));
  if (!socket.data.calls) connections.disconnect(socket);
}
