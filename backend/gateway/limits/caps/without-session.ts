import type { Duplex } from "node:stream";
import { Slots } from "./slots.ts";
import type { CapTable } from "./table.ts";

export interface WithoutSessionParts {
  readonly caps: Pick<CapTable, "socketsWithoutSession" | "bytesWithoutSession" | "readsWithoutSession">;
  /** Milliseconds that a client has to authenticate. */
  readonly timeout: number;
}

interface Watched {
  bytes: number;
  reads: number;
  readonly timer: NodeJS.Timeout;
  readonly onData: (chunk: Buffer) => void;
  readonly onClose: () => void;
}

/**
 * Limits the WebSockets whose client has not authenticated. Each is closed after `timeout`, and as soon as it has sent
 * more than a client needs to authenticate. It is destroyed, because a closing handshake would keep its memory longer.
 */
export class WithoutSession {
  readonly #parts: WithoutSessionParts;
  readonly #slots: Slots;
  readonly #watched = new Map<Duplex, Watched>();
  #bytes = 0;
  #refusedBytes = 0;
  #timedOut = 0;

  constructor(parts: WithoutSessionParts) {
    this.#parts = parts;
    this.#slots = new Slots(parts.caps.socketsWithoutSession);
  }

  /**
   * Watches a connection from before its first byte is read; false when its network has too many that have not
   * authenticated.
   */
  watch(connection: Duplex, key: string): boolean {
    if (!this.#slots.take(connection, key, () => connection.destroy())) return false;
    const onTimeout = () => {
      this.#timedOut += 1;
      connection.destroy();
    };
    const watched: Watched = {
      bytes: 0,
      reads: 0,
      timer: setTimeout(onTimeout, this.#parts.timeout).unref(),
      onData: (chunk) => this.#count(connection, watched, chunk.length),
      onClose: () => this.release(connection),
    };
    this.#watched.set(connection, watched);
    connection.on("data", watched.onData).once("close", watched.onClose);
    return true;
  }

  /** Called when the client of a connection has a session, and when the connection is closed. */
  release(connection: Duplex): void {
    const watched = this.#watched.get(connection);
    if (!watched) return;
    this.#watched.delete(connection);
    this.#slots.release(connection);
    this.#bytes -= watched.bytes;
    clearTimeout(watched.timer);
    connection.off("data", watched.onData).off("close", watched.onClose);
  }

  get used(): number {
    return this.#slots.used;
  }

  /** Connections that were refused or closed because there were too many. */
  get refused(): number {
    return this.#slots.refused;
  }

  /** Connections that were closed because they did not authenticate in time. */
  get timedOut(): number {
    return this.#timedOut;
  }

  /** Bytes that they have sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Connections that were closed because they sent too much. */
  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  #count(connection: Duplex, watched: Watched, length: number): void {
    const { bytesWithoutSession, readsWithoutSession } = this.#parts.caps;
    watched.bytes += length;
    watched.reads += 1;
    this.#bytes += length;
    const isTooMuch = watched.bytes > bytesWithoutSession.connection || watched.reads > readsWithoutSession;
    if (!isTooMuch && this.#bytes <= bytesWithoutSession.node) return;

    this.#refusedBytes += 1;
    connection.destroy();
    this.release(connection);
  }
}
