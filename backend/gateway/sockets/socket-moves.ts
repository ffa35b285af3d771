import { setTimeout as delay } from "node:timers/promises";
import { encodeEvent, send } from "../internals/packets.ts";
import type { GatewaySocket } from "./gateway-socket.ts";

/** Milliseconds between two steps in which sockets are moved. */
const STEP = 20;

/**
 * Lets the clients of these sockets connect again, one after the other and evenly over so many milliseconds, and closes
 * the sockets. A socket with calls in flight closes after them.
 */
export async function moveSockets(sockets: GatewaySocket[], spread: number): Promise<void> {
  const started = performance.now();
  const count = sockets.length;
  for (;;) {
    const share = spread > 0 ? Math.min(1, (performance.now() - started + STEP) / spread) : 1;
    const left = Math.floor(count * (1 - share));
    for (const socket of sockets.splice(left)) if (socket.connected) moveOne(socket);
    if (sockets.length === 0) return;
    await delay(STEP, undefined, { ref: false });
  }
}

/** Lets a client connect again at once. */
function moveOne(socket: GatewaySocket): void {
  socket.data.isMoving = true;
  send(socket, encodeEvent("drain", { retryAfter: 0 }));
  if (!socket.data.calls) socket.disconnect(true);
}
