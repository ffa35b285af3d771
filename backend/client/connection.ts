import type { ManagerOptions, Socket, SocketOptions } from "socket.io-client";
import { emitForResponse } from "./emit-for-response.ts";
import { type Backoff, isUnauthorized, RequestError, waitFor } from "./requests.ts";
import type { Emitted, ParamsOf, ResultOf, SocketAction } from "./server-types.ts";
import type { ClientSession } from "./session.ts";

/** Opens a socket to the server: `io` of socket.io-client with the server's URL. */
export type Connect = (options: Partial<ManagerOptions & SocketOptions>) => Socket;

export interface ConnectionOptions {
  readonly connect: Connect;
  readonly session: ClientSession;
  readonly backoff: Backoff;
  /** What a new connection sends to the server beside the token. */
  readonly handshake: () => object;
  readonly onOnline: () => void;
  readonly onOffline: () => void;
  /** Called with each event of the server, `drain` excepted. */
  readonly onEvent: (event: string, payload: unknown) => void;
}

/** Maximum milliseconds until the server has acknowledged a call. */
const CALL_TIMEOUT_MS = 10_000;
/** A connection that was open for so many milliseconds was stable: the first wait after it is short again. */
const STABLE_AFTER_MS = 10_000;

/** The client's one socket. When it closes, it is opened again with a valid token, after a wait that grows. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  /** The engine.io connection of the latest attempt. */
  #engine: Socket["io"]["engine"] | undefined;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #openedAt = 0;
  /** The server asked to wait until this time; milliseconds since 1970. */
  #notBefore = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#socket?.connected === true;
  }

  /** Opens the socket and keeps it open until `close`. */
  open(): void {
    if (this.#socket) return;
    const { connect, session, onEvent } = this.#options;
    const socket = connect({
      path: "/socket.io/",
      transports: ["websocket"],
      autoConnect: false,
      forceNew: true,
      reconnection: false, // this class reconnects, with a valid token and after the wait that the server asks for
      auth: (send) => send({ ...this.#options.handshake(), token: session.accessToken }),
    });
    this.#socket = socket;
    let drainSeconds: number | undefined;
    socket.on("connect", () => {
      this.#openedAt = Date.now();
      this.#options.onOnline();
    });
    socket.on("drain", ({ retryAfter }: Emitted["drain"]) => {
      drainSeconds = retryAfter;
    });
    socket.on("disconnect", (reason) => {
      if (Date.now() - this.#openedAt > STABLE_AFTER_MS) this.#tries = 0;
      // a server that stops closes its connections one after the other, so each client may reconnect at once
      const wait = drainSeconds ?? (reason === "io server disconnect" && this.#tries === 0 ? 0 : undefined);
      drainSeconds = undefined;
      this.#reconnectIn(wait ?? this.#nextWait());
      this.#options.onOffline();
    });
    socket.on("connect_error", (error: Error & { data?: { code?: string; retryAfter?: number } }) => {
      const refusal = new RequestError(error.data?.code ?? "OFFLINE", error.message, error.data);
      if (refusal.retryAfter !== undefined) this.#notBefore = Date.now() + refusal.retryAfter * 1000;
      // the token was valid when it was sent: only a renewal shows whether the session has ended
      const renew = refusal.code === "UNAUTHORIZED";
      const wait = this.#nextWait(refusal);
      this.#reconnectIn(renew && this.#tries === 1 ? 0 : wait, renew);
    });
    socket.onAny((event: string, payload: unknown) => {
      if (event !== "drain") onEvent(event, payload);
    });
    this.#connect(socket);
  }

  close(): void {
    clearTimeout(this.#reconnectTimer);
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#tries = 0;
    this.#notBefore = 0;
  }

  /** Tries to connect at once, unless the server asked to wait. */
  wake(): void {
    if (this.#socket && !this.#socket.connected && Date.now() >= this.#notBefore) this.#reconnectIn(0);
  }

  /** Makes a call. Throws a `RequestError`. */
  async call<A extends SocketAction>(action: A, params: ParamsOf<A>): Promise<ResultOf<A>> {
    return (await this.#emit("call", action, params)) as ResultOf<A>;
  }

  /** Sends a new token. A server that refuses it closes the socket, and the client reconnects with another one. */
  authenticate(accessToken: string): void {
    this.#emit("authenticate", accessToken).catch(() => undefined);
  }

  #nextWait(refusal?: RequestError): number {
    return waitFor(refusal, this.#tries++, this.#options.backoff);
  }

  #reconnectIn(milliseconds: number, renew = false): void {
    clearTimeout(this.#reconnectTimer);
    this.#reconnectTimer = setTimeout(() => void this.#reconnect(renew), milliseconds);
  }

  async #reconnect(renew: boolean): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.connected) return;
    try {
      await this.#options.session.token(renew);
    } catch (error) {
      if (!isUnauthorized(error) && this.#socket === socket)
        this.#reconnectIn(this.#nextWait(asRequestError(error)), renew);
      return;
    }
    if (this.#socket === socket && !socket.connected) this.#connect(socket);
  }

  /**
   * Connects. Reconnects when the connection closes between the WebSocket's handshake and Socket.IO's first packet, for
   * which Socket.IO would wait 20 s.
   */
  #connect(socket: Socket): void {
    socket.connect();
    const { io: manager } = socket;
    const { engine } = manager;
    if (engine === this.#engine) return;
    this.#engine = engine;
    let isDecided = false;
    const decided = () => {
      isDecided = true;
    };
    manager.once("open", decided);
    manager.once("error", decided);
    engine.once("close", () => {
      manager.off("open", decided);
      manager.off("error", decided);
      if (isDecided || this.#socket !== socket) return;
      socket.disconnect();
      this.#reconnectIn(this.#nextWait());
    });
  }

  #emit(event: string, ...args: unknown[]): Promise<unknown> {
    return emitForResponse(this.#socket, CALL_TIMEOUT_MS, event, args);
  }
}

function asRequestError(error: unknown): RequestError | undefined {
  return error instanceof RequestError ? error : undefined;
}
