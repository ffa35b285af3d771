import type { ManagerOptions, Socket, SocketOptions } from "socket.io-client";
import type { DeviceState } from "../chat/presence.ts";
import type { Emitted, ParamsOf, ResultOf } from "../contract/actions.ts";
import type { SocketAction } from "../surface.ts";
import { type Backoff, isUnauthorized, RequestError, waitFor } from "./requests.ts";
import type { ClientSession } from "./session.ts";

export type { DeviceState } from "../chat/presence.ts";

/** Opens a socket: socket.io-client's `io`, given where the server is. */
export type Connect = (options: Partial<ManagerOptions & SocketOptions>) => Socket;

export interface ConnectionOptions {
  readonly connect: Connect;
  readonly session: ClientSession;
  readonly backoff: Backoff;
  /** What a new connection says of this device. */
  readonly state: () => DeviceState;
  readonly onOnline: () => void;
  readonly onOffline: () => void;
  /** What to do with what the server says. */
  readonly on: { readonly [E in Exclude<keyof Emitted, "drain">]?: (payload: Emitted[E]) => void };
}

/** Milliseconds that the server may take to answer a call. */
const CALL_PATIENCE = 10_000;
/** Milliseconds after which a connection counts as one that holds. */
const HOLDS = 10_000;

/** The one socket: opened with a fresh token, opened again whenever it closes, each time after a wait that grows. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  /** The connection that was opened last. */
  #engine: Socket["io"]["engine"] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #since = 0;
  /** The server asked not to be tried before this moment; milliseconds since 1970. */
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
    const { connect, session, on } = this.#options;
    const socket = connect({
      path: "/socket.io/",
      transports: ["websocket"],
      autoConnect: false,
      forceNew: true,
      reconnection: false, // we come back ourselves: with a fresh token, and when the server wants it
      auth: (give) => give({ token: session.accessToken, state: this.#options.state() }),
    });
    this.#socket = socket;
    let drain: number | undefined;
    socket.on("connect", () => {
      this.#since = Date.now();
      this.#options.onOnline();
    });
    socket.on("drain", ({ retryAfter }: Emitted["drain"]) => {
      drain = retryAfter;
    });
    socket.on("disconnect", (reason) => {
      if (Date.now() - this.#since > HOLDS) this.#tries = 0;
      // a server that stops closes one connection after the other, so that each client can come back at once
      const told = drain ?? (reason === "io server disconnect" && this.#tries === 0 ? 0 : undefined);
      drain = undefined;
      this.#again(told ?? this.#nextWait());
      this.#options.onOffline();
    });
    socket.on("connect_error", (error: Error & { data?: { code?: string; retryAfter?: number } }) => {
      const refusal = new RequestError(error.data?.code ?? "OFFLINE", error.message, error.data);
      if (refusal.retryAfter !== undefined) this.#notBefore = Date.now() + refusal.retryAfter * 1000;
      // a token that was good a moment ago and is not now: the session may be over, which only a renewal can tell
      const renew = refusal.code === "UNAUTHORIZED";
      const wait = this.#nextWait(refusal);
      this.#again(renew && this.#tries === 1 ? 0 : wait, renew);
    });
    for (const [event, listener] of Object.entries(on)) socket.on(event, listener as (payload: unknown) => void);
    this.#connect(socket);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#tries = 0;
    this.#notBefore = 0;
  }

  /** Looks at once whether the server can be reached again, unless it asked for a pause. */
  wake(): void {
    if (this.#socket && !this.#socket.connected && Date.now() >= this.#notBefore) this.#again(0);
  }

  /** Makes a call. Throws a `RequestError`. */
  async call<A extends SocketAction>(action: A, params: ParamsOf<A>): Promise<ResultOf<A>> {
    return (await this.#emit("call", action, params)) as ResultOf<A>;
  }

  /** Goes on with a new token; should the server not take it, it closes the socket and we come back with another. */
  authenticate(accessToken: string): void {
    this.#emit("authenticate", accessToken).catch(() => undefined);
  }

  #nextWait(refusal?: RequestError): number {
    return waitFor(refusal, this.#tries++, this.#options.backoff);
  }

  #again(milliseconds: number, renew = false): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#comeBack(renew), milliseconds);
  }

  async #comeBack(renew: boolean): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.connected) return;
    try {
      await this.#options.session.token(renew);
    } catch (error) {
      if (!isUnauthorized(error) && this.#socket === socket) this.#again(this.#nextWait(asRefusal(error)), renew);
      return;
    }
    if (this.#socket === socket && !socket.connected) this.#connect(socket);
  }

  /**
   * Socket.IO does not notice a connection that closes between the WebSocket's handshake and its own first packet: it
   * would wait 20 s for that packet.
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
      this.#again(this.#nextWait());
    });
  }

  #emit(event: string, ...args: unknown[]): Promise<unknown> {
    const socket = this.#socket;
    if (!socket?.connected) return Promise.reject(offline());
    return new Promise((resolve, reject) => {
      // Socket.IO's timeout comes first; moleculer-io's answer is (error, result)
      const answered = (
        timeout: Error | null,
        error: { code?: string; message?: string; field?: string; retryAfter?: number } | null,
        result: unknown,
      ) => {
        if (timeout) reject(offline());
        else if (error)
          reject(new RequestError(error.code ?? "INTERNAL", error.message ?? "Something went wrong.", error));
        else resolve(result);
      };
      socket.timeout(CALL_PATIENCE).emit(event, ...args, answered);
    });
  }
}

function offline(): RequestError {
  return new RequestError("OFFLINE", "There is no connection to the server.");
}

function asRefusal(error: unknown): RequestError | undefined {
  return error instanceof RequestError ? error : undefined;
}
