import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { refuse } from "../../../contract/index.ts";
import { Slots } from "./slots.ts";
import type { CapTable } from "./table.ts";
import type { UnsentBytes, UnsentReceiver } from "./unsent-bytes.ts";

/** Bytes that the header fields of a response have, about. */
const APPROXIMATE_HEAD_BYTES = 1024;

/**
 * Limits what HTTP connections hold while a client does not read, does not send the rest of its request, or sends many
 * requests at once.
 */
export class HttpBacklog {
  readonly #pipelinedCap: number;
  readonly #unsent: UnsentBytes;
  readonly #bodies: Slots;
  /** Requests of each connection that wait for an earlier response. */
  readonly #pipelined = new Map<Socket, number>();
  readonly #watched = new WeakSet<Socket>();
  #pipelinedTotal = 0;
  #pipelinedRefused = 0;

  constructor(caps: Pick<CapTable, "pipelined" | "bodies">, countUnsent: UnsentBytes) {
    this.#pipelinedCap = caps.pipelined;
    this.#unsent = countUnsent;
    this.#bodies = new Slots(caps.bodies);
  }

  /** Counts a request that waits for an earlier response; false, and the connection is closed, when too many do. */
  holdPipelined(connection: Socket, response: ServerResponse): boolean {
    if (connection.destroyed) return false;
    const waiting = this.#pipelined.get(connection) ?? 0;
    if (waiting >= this.#pipelinedCap) {
      this.#pipelinedRefused += 1;
      connection.destroy();
      return false;
    }
    if (!this.#watched.has(connection)) {
      this.#watched.add(connection);
      connection.once("close", () => this.#setPipelined(connection, 0));
    }
    this.#setPipelined(connection, waiting + 1);
    response.once("close", () => {
      if (!connection.destroyed) this.#setPipelined(connection, (this.#pipelined.get(connection) ?? 1) - 1);
    });
    return true;
  }

  /** Counts a response that waits for its client to read. */
  unsent(connection: Socket, response: ServerResponse, receiver: UnsentReceiver, length: number): void {
    const bytes = APPROXIMATE_HEAD_BYTES + length;
    response.once("close", () => this.#unsent.remove(connection, bytes));
    this.#unsent.add(connection, receiver, bytes);
  }

  /** Counts a request whose body has not arrived. Returns a function that ends the count. Throws RATE_LIMITED. */
  holdBody(connection: Socket, key: string): () => void {
    const holder = {};
    if (!this.#bodies.take(holder, key, () => connection.destroy())) throw refuse("RATE_LIMITED", { retryAfter: 1 });
    return () => this.#bodies.release(holder);
  }

  get pipelined(): { readonly used: number; readonly refused: number } {
    return { used: this.#pipelinedTotal, refused: this.#pipelinedRefused };
  }

  get bodies(): { readonly used: number; readonly refused: number } {
    return this.#bodies;
  }

  #setPipelined(connection: Socket, waiting: number): void {
    this.#pipelinedTotal += waiting - (this.#pipelined.get(connection) ?? 0);
    if (waiting > 0) this.#pipelined.set(connection, waiting);
    else this.#pipelined.delete(connection);
  }
}
