import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Maximum number of connections that wait for the backend. */
const MAX_WAITING = 1_000;

/**
 * The port at which the connector finds the gateway. It stays open while the backend is exchanged: what connects
 * meanwhile waits for the next backend, so that a visitor waits a moment and gets no error 502.
 */
export class GatewayPort {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  /** Port of the backend; `wait` while it is exchanged; `refuse` while there is none. */
  #backend: number | "wait" | "refuse" = "wait";

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Listens at 127.0.0.1. Rejects where the port cannot be opened. */
  static async open(port: number): Promise<GatewayPort> {
    // each half of a connection ends by itself, as without this port
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new GatewayPort(server);
  }

  /** Lets new connections wait. Open ones stay with the backend that they have. */
  hold(): void {
    this.#backend = "wait";
  }

  /** Passes new connections, and those that wait, to the backend at this port. */
  passTo(port: number): void {
    this.#backend = port;
    for (const socket of this.#waiting) this.#pass(socket, port);
    this.#waiting.clear();
  }

  /** Closes new connections at once, and those that wait: there is no backend. */
  refuse(): void {
    this.#backend = "refuse";
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#track(socket);
    if (typeof this.#backend === "number") this.#pass(socket, this.#backend);
    else if (this.#backend === "refuse" || this.#waiting.size >= MAX_WAITING) socket.destroy();
    else this.#waiting.add(socket);
  }

  #pass(client: Socket, port: number): void {
    const origin = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#track(origin);
    client.once("close", () => origin.destroy());
    origin.once("close", () => client.destroy());
    client.pipe(origin);
    origin.pipe(client);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
    });
    socket.on("error", () => socket.destroy());
  }
}
