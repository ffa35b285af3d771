import type { Socket } from "node:net";
import { networkOf } from "../../../throttle/network.ts";
import { plainAddress } from "../client-address.ts";
import { KeyCounts } from "./key-counts.ts";
import type { CapTable } from "./table.ts";

/**
 * Limits the connections that are no WebSockets. The connector carries the requests of all visitors, so it has no limit
 * of its own. Every other peer has a limit for its network, so that the connector finds a free place on the node.
 */
export class Connections {
  readonly #caps: CapTable["connections"];
  readonly #isTrusted: (address: string) => boolean;
  readonly #heldByNetwork = new KeyCounts();
  readonly #networks = new WeakMap<Socket, string>();
  readonly #onClose: (this: Socket) => void;
  #used = 0;
  #refused = 0;

  constructor(caps: CapTable["connections"], isTrusted: (address: string) => boolean) {
    this.#caps = caps;
    this.#isTrusted = isTrusted;
    const release = (connection: Socket) => this.#count(connection, -1);
    this.#onClose = function (this: Socket) {
      release(this);
    };
  }

  /** Counts a new connection, or closes it when there are too many. */
  accept(connection: Socket): void {
    const { remoteAddress } = connection;
    if (remoteAddress === undefined) return void connection.destroy();
    const address = plainAddress(remoteAddress);
    if (!this.#isTrusted(address)) {
      const network = networkOf(address);
      if (this.#heldByNetwork.of(network) >= this.#caps.address || this.#used >= this.#caps.node) {
        this.#refused += 1;
        return void connection.destroy();
      }
      this.#networks.set(connection, network);
    }
    this.#count(connection, 1);
    connection.once("close", this.#onClose);
  }

  /** Called when a connection becomes a WebSocket, which is counted by `sockets`. */
  release(connection: Socket): void {
    if (!connection.listeners("close").includes(this.#onClose)) return;
    connection.off("close", this.#onClose);
    this.#count(connection, -1);
  }

  get used(): number {
    return this.#used;
  }

  get refused(): number {
    return this.#refused;
  }

  #count(connection: Socket, by: 1 | -1): void {
    this.#used += by;
    const network = this.#networks.get(connection);
    if (network !== undefined) this.#heldByNetwork.add(network, by);
  }
}
