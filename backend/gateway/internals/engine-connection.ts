import { EventEmitter } from "node:events";
import type { GatewaySocket } from "../gateway-socket.ts";

export type EngineConnection = GatewaySocket["conn"];

/** Packets of Engine.IO's own that it has not written yet: private to `Socket` of engine.io 6.6. */
interface WithWriteBuffer {
  readonly writeBuffer: readonly { readonly data?: unknown }[];
}

const queueOf = (conn: EngineConnection): WithWriteBuffer["writeBuffer"] =>
  (conn as unknown as WithWriteBuffer).writeBuffer;

/** Bytes in Engine.IO's queue, which is almost always empty. */
export function queuedBytes(conn: EngineConnection): number {
  const queue = queueOf(conn);
  if (queue.length === 0) return 0;
  let bytes = 0;
  for (const { data } of queue) bytes += 1 + (typeof data === "string" ? Buffer.byteLength(data) : 0);
  return bytes;
}

/** Packets in Engine.IO's queue. */
export const queuedPackets = (conn: EngineConnection): number => queueOf(conn).length;

/** The WebSocket of a connection, which emits `ping` and `pong`: private to `WebSocket` of engine.io's transports. */
export function webSocketOf(conn: EngineConnection): EventEmitter {
  const { socket } = conn.transport as unknown as { readonly socket?: unknown };
  if (!(socket instanceof EventEmitter)) throw new Error("invariant: a connection is a WebSocket");
  return socket;
}

/**
 * Removes Socket.IO's listener of a connection's event `data`, so that it gets no messages, and returns it: a function
 * that passes a message to Socket.IO.
 */
export function takeMessages(conn: EngineConnection): (message: string) => void {
  const [listener, another] = conn.listeners("data") as readonly ((message: string) => void)[];
  if (!listener || another) throw new Error("invariant: Socket.IO alone listens to the messages of a connection");
  conn.removeAllListeners("data");
  return listener;
}
