import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterLastResponse } from "../internals/last-response.ts";

/** Milliseconds for which a closed connection is still read. */
const LINGER_MS = 2_000;

/**
 * Closes a connection after its last response: reads for a moment and drops what arrives. If it were destroyed at once,
 * the client's next bytes would reset it, and the response could be lost before the client has read it (RFC 9112 9.6).
 * It is destroyed in the end, because a client that keeps its side open would hold the connection for ever.
 */
export function closeAfterReading(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  const destroyWhenWritten = () =>
    socket.writableFinished ? socket.destroy() : socket.once("finish", () => socket.destroy());
  socket.once("end", destroyWhenWritten).once("close", () => clearTimeout(timer));
  socket.resume();
}

const closingConnections = new WeakSet<Duplex>();

/** Closes the connection with `closeAfterReading` when the response that is being written has ended. */
export function closeAfterResponse(socket: Socket): void {
  closingConnections.add(socket);
  afterLastResponse(socket, () => {
    socket.end();
    closeAfterReading(socket);
  });
}

/** Whether a connection closes after a response: nothing may follow it. */
export function isClosing(socket: Duplex): boolean {
  return closingConnections.has(socket);
}
