import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type Code, publicError } from "../../contract/index.ts";
import { SOCKET_PATH } from "../../surface.ts";
import { isMalformed } from "../http/malformed.ts";
import { refuseRaw } from "../http/server.ts";
import { Slots } from "../limits/caps/slots.ts";
import type { CapTable } from "../limits/caps/table.ts";
import type { WithoutSession } from "../limits/caps/without-session.ts";
import type { Client } from "../limits/client-address.ts";
import type { Limits } from "../limits/limits.ts";
import type { OriginKind } from "../limits/origins.ts";

export interface UpgradeParts {
  /** The client of a request; undefined when its connection is closed. */
  client(request: IncomingMessage): Client | undefined;
  originKind(headers: IncomingMessage["headers"]): OriginKind;
  readonly limits: Limits;
  readonly caps: CapTable["sockets"];
  readonly withoutSession: WithoutSession;
  /** Hands the connection to Socket.IO. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Milliseconds that a client has to respond to the closing handshake of WebSocket. */
const CLOSING_TIMEOUT_MS = 500;
/** Upgrades that are handled in one event loop turn. */
export const UPGRADES_PER_TURN = 16;

/**
 * Decides which clients may open a WebSocket, before Socket.IO gets the request: exactly one path and query, an origin
 * of this site or none, and not too many from one address. Socket.IO's own `cors` does not stop a WebSocket.
 */
export class UpgradeHandler {
  readonly #parts: UpgradeParts;
  /** Taken by each WebSocket until it is closed. */
  readonly #slots: Slots<Duplex>;
  /** One listener for all connections, because each function would cost memory. */
  readonly #onClose: (this: Duplex) => void;
  readonly #clients = new WeakMap<Duplex, Client>();
  /** Upgrades that have arrived and were not handled yet, the oldest first. */
  readonly #waiting: (() => void)[] = [];
  #refused = 0;
  #refusedHandshakes = 0;
  #isClosed = false;

  constructor(parts: UpgradeParts) {
    this.#parts = parts;
    const slots = new Slots<Duplex>(parts.caps);
    this.#slots = slots;
    this.#onClose = function (this: Duplex) {
      slots.release(this);
    };
  }

  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", ignore);
    const decide = () => {
      if (this.#isClosed) return void socket.destroy();
      try {
        this.#admit(request, socket, head);
      } catch {
        socket.destroy();
      }
    };
    if (this.#waiting.push(decide) === 1) setImmediate(() => this.#takeTurn());
  }

  /** The client of a connection whose upgrade was accepted. */
  clientOf(connection: Duplex): Client {
    const client = this.#clients.get(connection);
    if (!client) throw new Error("invariant: a socket begins with an accepted upgrade");
    return client;
  }

  /** WebSockets that are open now. */
  get open(): number {
    return this.#slots.used;
  }

  /** WebSockets that were refused because there are too many of a network or of this node. */
  get refused(): number {
    return this.#refused;
  }

  /** Handshakes that were refused because their address has made too many. */
  get refusedHandshakes(): number {
    return this.#refusedHandshakes;
  }

  /** Waits half a second for the closing handshakes (RFC 6455 7.1.1), then destroys the connections that are left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connections = this.#slots.holders;
    // not `once` of node:events, which rejects when a client resets its connection meanwhile: stopping would fail
    const closed = connections.map((socket) => new Promise<void>((resolve) => socket.once("close", resolve)));
    await Promise.race([Promise.all(closed), delay(CLOSING_TIMEOUT_MS, undefined, { ref: false })]);
    for (const socket of this.#slots.holders) socket.destroy();
  }

  /**
   * Handles the oldest upgrades, and the next ones after the event loop has served the clients that are connected. When
   * all clients reconnect at once after a restart, the first ones get their sockets while the last ones still wait.
   * Without turns all of them would go through each step together, and nearly all would wait until the end.
   */
  #takeTurn(): void {
    const turn = this.#waiting.splice(0, UPGRADES_PER_TURN);
    if (this.#waiting.length > 0) setImmediate(() => this.#takeTurn());
    for (const decide of turn) decide();
  }

  #admit(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { limits, caps, withoutSession } = this.#parts;
    const client = this.#parts.client(request);
    if (!client) return void socket.destroy();
    const refusal = refusalOf(request, this.#parts.originKind(request.headers));
    if (refusal) return void refuseRaw(socket, refusal);
    try {
      limits.address("handshake", client.key);
    } catch (thrown) {
      const { code, retryAfter } = publicError(thrown);
      this.#refusedHandshakes += 1;
      return void refuseRaw(socket, code === "RATE_LIMITED" ? code : "UNAVAILABLE", retryAfter);
    }
    if (socket.destroyed) return;
    const isFull = this.#slots.used >= caps.node;
    // where the node is full, no older connection is closed for a new one
    const hasSlot = !isFull && this.#slots.take(socket, client.key, ignore);
    if (!hasSlot || !withoutSession.watch(socket, client.key)) {
      this.#slots.release(socket);
      this.#refused += 1;
      return void refuseRaw(socket, isFull ? "UNAVAILABLE" : "RATE_LIMITED", 10);
    }
    socket.once("close", this.#onClose);
    this.#clients.set(socket, client);
    this.#parts.accept(request, socket, head);
  }
}

/** The parameters of a handshake (Engine.IO protocol 4); `t` makes the URL unique, against caches. */
const PARAMETERS: ReadonlySet<string> = new Set(["EIO", "transport", "t"]);
/** A nonce of 16 bytes in base64 (RFC 6455 4.2.1). */
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

function refusalOf(request: IncomingMessage, originKind: OriginKind): Code | undefined {
  const { url = "", method, headers } = request;
  const mark = url.indexOf("?");
  if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return "NOT_FOUND";
  // a body would be read as WebSocket frames here, and as a body by a proxy on the way
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  if (isMalformed(request) || hasBody) return "BAD_REQUEST";
  if ((mark < 0 ? url : url.slice(0, mark)) !== SOCKET_PATH) return "NOT_FOUND";
  if (!isHandshake(mark < 0 ? "" : url.slice(mark + 1))) return "BAD_REQUEST";
  if (!WEBSOCKET_KEY.test(headers["sec-websocket-key"] ?? "") || headers["sec-websocket-version"] !== "13")
    return "BAD_REQUEST";
  // no subprotocol is used, and `ws` would refuse a malformed header with its own response
  delete headers["sec-websocket-protocol"];
  return originKind === "foreign" ? "ORIGIN" : undefined;
}

/** The query of clients that add no `t`. */
const USUAL_QUERY = "EIO=4&transport=websocket";

/** Whether the query is that of a handshake, each parameter once: of two, Engine.IO could read the other one. */
function isHandshake(query: string): boolean {
  if (query === USUAL_QUERY) return true;
  const given = new URLSearchParams(query);
  const names = [...given.keys()];
  if (names.some((name) => !PARAMETERS.has(name)) || new Set(names).size !== names.length) return false;
  return given.get("EIO") === "4" && given.get("transport") === "websocket";
}

function ignore(): void {}
