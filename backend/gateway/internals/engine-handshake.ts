import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
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

const NONE = Object.freeze({});

/**
 * Takes the place of the request that began a connection. Engine.IO keeps the request as long as the connection lives,
 * about 2 KiB with its headers and the state of its body. The gateway needs the connection alone; Socket.IO reads the
 * other members when the client joins another namespace.
 */
class KeptRequest {
  readonly socket: Socket;
  constructor(socket: Socket) {
    this.socket = socket;
  }
  get connection(): Socket {
    return this.socket;
  }
  get headers(): object {
    return NONE;
  }
  get url(): string {
    return "";
  }
  get _query(): object {
    return QUERY;
  }
}

/** Drops what Socket.IO and Engine.IO keep of the handshake as long as the connection lives, the access token too. */
export function forgetHandshake({ conn, handshake }: GatewaySocket): void {
  const { request } = conn;
  if (!(request instanceof KeptRequest)) Object.assign(conn, { request: new KeptRequest(request.socket) });
  Object.assign(handshake, { headers: NONE, auth: NONE, query: NONE });
}
