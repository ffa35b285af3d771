import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";

/** The query that `upgrades.ts` has accepted. Engine.IO gets exactly this one, and does not parse the URL. */
const QUERY = Object.freeze({ EIO: "4", transport: "websocket" });

/**
 * Passes an accepted upgrade to the server that Socket.IO is attached to. The response to the handshake and Engine.IO's
 * first packet are one write, because each write is a system call, which costs more than the rest of the handshake.
 * Engine.IO awaits the connection's id before that packet: so both are written one microtask later.
 */
export function handOverUpgrade(to: Server, request: IncomingMessage, connection: Duplex, head: Buffer): void {
  Object.assign(request, { _query: QUERY });
  connection.cork();
  ownListeners = new Set(connection.rawListeners("close"));
  try {
    to.emit("upgrade", request, connection, head);
  } finally {
    ownListeners = new Set();
    queueMicrotask(() => connection.uncork());
  }
}

/** The listeners of `close` that the connection of the current upgrade had before Engine.IO got it. */
let ownListeners: ReadonlySet<unknown> = new Set();

/**
 * Called by the WebSocket server while it gets an upgrade. Engine.IO has made a response object for middlewares, which
 * listens to the connection's `close` and so keeps the request as long as the connection lives, about 2 KiB. There are
 * no middlewares: removes the listener.
 */
export function dropUpgradeResponse(connection: Duplex): void {
  for (const listener of connection.rawListeners("close"))
    if (!ownListeners.has(listener)) connection.off("close", listener as () => void);
}

/** Replaces Engine.IO's ids of connections by UUIDs, which cannot be guessed either and cost less. */
export function useQuickIds(io: GatewayIo): void {
  io.engine.generateId = () => randomUUID();
}

const NONE = Object.freeze({});

/**
 * Takes the place of the request that began a connection. Engine.IO keeps the request as long as the connection lives,
 * with its headers and the state of its body. The gateway needs the connection alone; Socket.IO reads the
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
