import { evenly } from "../evenly.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { encodeEvent, prefixOf, send } from "../internals/packets.ts";
import type { ConnectionGuards } from "./guard.ts";

/**
 * Tells the clients of these sockets to reconnect, one after the other and evenly over so many milliseconds, and closes
 * the sockets. A socket with running calls closes after them.
 */
export function moveSockets(
  sockets: readonly GatewaySocket[],
  spread: number,
  connections: ConnectionGuards,
): Promise<void> {
  return evenly(sockets, spread, (socket) => {
    if (socket.connected) moveSocket(socket, connections);
  });
}

/** Tells a client to reconnect at once, and closes its socket, after its running calls. */
export function moveSocket(socket: GatewaySocket, connections: ConnectionGuards): void {
  socket.data.isMoving = true;
  send(socket, encodeEvent("drain", { retryAfter: 0 }, prefixOf(socket.nsp.name)));
  if (!socket.data.runningCalls) connections.disconnect(socket);
}
