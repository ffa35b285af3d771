import { WebSocket } from "ws";
import { RequestError, readRefusal } from "../../../../backend/client/requests.ts";

/** Milliseconds that the server has to respond to a call, and to the handshake. */
const PATIENCE_MS = 10_000;
/** Milliseconds without a packet after which a connection is dead: the server's ping interval and timeout. */
const SILENCE_MS = 45_000;

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RequestError) => void;
  readonly timer: NodeJS.Timeout;
}

export interface LightConnectionOptions {
  readonly port: number;
  readonly token: string;
  /** The client's address, as the tunnel would name it. */
  readonly address: string;
  onEvent(event: string, payload: unknown): void;
  /** It was open and is not any more. */
  onClose(): void;
}

export const offline = () => new RequestError("OFFLINE", "There is no connection to the server.");

/** One connection that speaks just enough Engine.IO and Socket.IO, so that it costs less than the server. */
export class LightConnection {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, Call>();
  #next = 0;
  #heardAt = performance.now();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /**
   * Connects and authenticates. Throws a `RequestError`: the server's refusal, `REFUSED` where nothing listens, or
   * `OFFLINE`.
   */
  static open({ port, token, address, onEvent, onClose }: LightConnectionOptions): Promise<LightConnection> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      headers: { "cf-connecting-ip": address },
      perMessageDeflate: false,
      handshakeTimeout: PATIENCE_MS,
    });
    const connection = new LightConnection(socket);
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const timer = setTimeout(() => socket.terminate(), PATIENCE_MS);
      const fail = (error: RequestError) => {
        clearTimeout(timer);
        reject(error);
        socket.terminate();
      };
      socket.on("error", ({ code }: NodeJS.ErrnoException) => {
        if (!isOpen) fail(code === "ECONNREFUSED" ? new RequestError("REFUSED", "Nothing listens there.") : offline());
      });
      socket.on("unexpected-response", (_request, response) => {
        const wait = Number.parseInt(response.headers["retry-after"] ?? "", 10);
        const facts = { status: response.statusCode ?? 0, ...(wait > 0 && { retryAfter: wait }) };
        fail(new RequestError(`HTTP_${response.statusCode}`, "The handshake was refused.", facts));
      });
      socket.on("close", () => {
        clearTimeout(timer);
        connection.#end();
        if (isOpen) onClose();
        else reject(offline());
      });
      socket.on("message", (data: Buffer) => {
        const text = data.toString();
        connection.#heardAt = performance.now();
        if (text[0] === "0") socket.send(`40${JSON.stringify({ token })}`);
        else if (text === "2") socket.send("3");
        else if (text.startsWith("40")) {
          isOpen = true;
          clearTimeout(timer);
          resolve(connection);
        } else if (text.startsWith("42")) {
          const [event, payload] = JSON.parse(text.slice(2)) as [string, unknown];
          onEvent(event, payload);
        } else if (text.startsWith("43")) connection.#answered(text);
        else if (text.startsWith("44")) fail(connectRefusal(text));
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends an event that is acknowledged, and returns the result. Throws a `RequestError`. */
  emit(event: string, ...args: readonly unknown[]): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(offline());
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        reject(new RequestError("TIMEOUT", "The server did not respond."));
      }, PATIENCE_MS);
      this.#calls.set(id, { resolve, reject, timer });
      this.#socket.send(`42${id}${JSON.stringify([event, ...args])}`);
    });
  }

  /** Ends a connection on which the server has been silent for too long. */
  checkSilence(): void {
    if (performance.now() - this.#heardAt > SILENCE_MS) this.#socket.terminate();
  }

  close(): void {
    this.#socket.close();
  }

  /** Ends it with a TCP reset, as a network does that has lost it. */
  reset(): void {
    const { _socket: tcp } = this.#socket as unknown as { _socket?: { resetAndDestroy(): void } };
    if (tcp) tcp.resetAndDestroy();
    else this.#socket.terminate();
  }

  #answered(text: string): void {
    const start = text.indexOf("[");
    const id = Number(text.slice(2, start));
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    clearTimeout(call.timer);
    const [error, result] = JSON.parse(text.slice(start)) as [unknown, unknown];
    if (error === null) call.resolve(result);
    else call.reject(refusal(error));
  }

  #end(): void {
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(offline());
    }
    this.#calls.clear();
  }
}

/** A refused handshake: `44{"message":CODE,"data":{...}}`. */
function connectRefusal(text: string): RequestError {
  return refusal((JSON.parse(text.slice(2)) as { data?: unknown }).data);
}

function refusal(error: unknown): RequestError {
  const { code = "INTERNAL", message = "", field } = readRefusal({ error });
  const { retryAfter } = (error ?? {}) as { retryAfter?: number };
  return new RequestError(code, message, { ...(field && { field }), ...(retryAfter !== undefined && { retryAfter }) });
}
