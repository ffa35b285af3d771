import { evenly } from "../evenly.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { encodeEvent, send } from "../internals/packets.ts";

/**
 * Lets the clients of these sockets connect again, one after the other and evenly over so many milliseconds, and closes
 * the sockets. A socket with calls in flight closes after them.
 */
export function moveSockets(sockets: readonly GatewaySocket[], spread: number): Promise<void> {
  return evenly(sockets, spread, (socket) => {
    if (socket.connected) moveOne(socket);
  });
}

/** Lets a client connect again at once, and closes its socket. */
export function moveOne(socket: GatewaySocket): void {
  socket.data.isMoving = true;
  send(socket, encodeEvent("drain", { retryAfter: 0 }));
  if (!socket.data.calls) socket.disconnect(true);
}
