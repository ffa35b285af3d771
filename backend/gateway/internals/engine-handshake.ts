import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";

/** What `upgrades.ts` has accepted: Engine.IO gets exactly this, and does not read the query again. */
const QUERY = Object.freeze({ EIO: "4", transport: "websocket" });

/**
 * Hands an accepted upgrade to the server that Socket.IO listens to. The response to the handshake and Engine.IO's
 * first packet are one write: each write is a system call, which costs more than the rest of the handshake's parts.
 * Engine.IO awaits the connection's id before that packet, so that what waits is written one microtask later.
 */
export function handOverUpgrade(to: Server, request: IncomingMessage, connection: Duplex, head: Buffer): void {
  Object.assign(request, { _query: QUERY });
  connection.cork();
  try {
    to.emit("upgrade", request, connection, head);
  } finally {
    queueMicrotask(() => connection.uncork());
  }
}

/** Ids of connections: as unguessable as Engine.IO's own, from random bytes that are made many at a time. */
export function useQuickIds(io: GatewayIo): void {
  io.engine.generateId = () => randomUUID();
}

/**
 * Empties what Socket.IO and Engine.IO keep of the handshake as long as the connection lives: its headers, and the
 * access token.
 */
export function forgetHandshake({ request, handshake }: GatewaySocket): void {
  Object.assign(request, { headers: NONE, rawHeaders: [] });
  Object.assign(handshake, { headers: NONE, auth: NONE, query: NONE });
}

const NONE = Object.freeze({});
