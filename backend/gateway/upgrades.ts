import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type Code, publicError } from "../contract/index.ts";
import { SOCKET_PATH } from "../surface.ts";
import type { Client } from "./client-address.ts";
import { type Limits, MAX_SOCKETS } from "./limits.ts";
import type { Standing } from "./origins.ts";
import { refuseRaw } from "./server.ts";

export interface UpgradeParts {
  /** Undefined for a connection that is gone. */
  client(request: IncomingMessage): Client | undefined;
  standing(headers: IncomingMessage["headers"]): Standing;
  readonly limits: Limits;
  /** Most sockets that one address may have open. */
  readonly maxSockets?: number;
  /** Hands the connection to Socket.IO. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, client: Client): void;
}

export interface UpgradeDoor {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Waits a moment for the closing handshakes (RFC 6455 7.1.1), then cuts what is left. */
  close(): Promise<void>;
}

/** Milliseconds that a client has to answer our closing handshake. */
const CLOSING = 500;

/**
 * Decides who may open a WebSocket, before Socket.IO sees the request: exactly one path and query, an origin of ours or none at all,
 * and not too many from one address. Socket.IO's own `cors` does not stop a WebSocket.
 */
export function createUpgradeDoor(parts: UpgradeParts): UpgradeDoor {
  const open = new Map<string, number>();
  const connections = new Set<Duplex>();
  const max = parts.maxSockets ?? MAX_SOCKETS.address;

  function admit(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const client = parts.client(request);
    if (!client) return void socket.destroy();
    const refusal = refusalOf(request, parts.standing(request.headers));
    if (refusal) return void refuseRaw(socket, refusal);
    try {
      parts.limits.address("handshake", client.key);
    } catch (thrown) {
      const { code, retryAfter } = publicError(thrown);
      return void refuseRaw(socket, code === "RATE_LIMITED" ? code : "UNAVAILABLE", retryAfter);
    }
    const count = open.get(client.key) ?? 0;
    if (count >= max) return void refuseRaw(socket, "RATE_LIMITED", 10);
    if (socket.destroyed) return;
    open.set(client.key, count + 1);
    connections.add(socket);
    socket.once("close", () => {
      connections.delete(socket);
      const left = (open.get(client.key) ?? 1) - 1;
      if (left > 0) open.set(client.key, left);
      else open.delete(client.key);
    });
    parts.accept(request, socket, head, client);
  }

  return {
    handle(request, socket, head) {
      socket.on("error", ignore);
      try {
        admit(request, socket, head);
      } catch {
        socket.destroy();
      }
    },
    async close() {
      // not `once` of node:events, which rejects when a client resets its connection meanwhile: stopping would fail
      const closed = [...connections].map((socket) => new Promise<void>((resolve) => socket.once("close", resolve)));
      await Promise.race([Promise.all(closed), delay(CLOSING, undefined, { ref: false })]);
      for (const socket of connections) socket.destroy();
    },
  };
}

function refusalOf({ url = "", method, headers }: IncomingMessage, standing: Standing): Code | undefined {
  const mark = url.indexOf("?");
  if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return "NOT_FOUND";
  if (headers.host === undefined) return "BAD_REQUEST";
  if ((mark < 0 ? url : url.slice(0, mark)) !== SOCKET_PATH) return "NOT_FOUND";
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  if (query.get("EIO") !== "4" || query.get("transport") !== "websocket" || query.has("sid")) return "BAD_REQUEST";
  return standing === "foreign" ? "ORIGIN" : undefined;
}

function ignore(): void {}
