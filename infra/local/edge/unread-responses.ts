/** How much may wait for clients that do not read, and how long. */
export interface UnreadLimits {
  /** Milliseconds in which a client must take what it was sent, up to about 64 KiB at a time. */
  readonly deadlineMs: number;
  /** Bytes that wait for all clients of the edge together. */
  readonly totalBytes: number;
  /** Milliseconds between two checks. */
  readonly intervalMs: number;
}

/** A client that does not take what it is sent. */
export interface UnreadResponse {
  /** Bytes that wait for it now. */
  unreadBytes(): number;
  /** Ends its connection, and with it what the origin sends for it. */
  disconnect(): void;
}

/**
 * The responses and WebSockets whose clients have stopped reading. A client is disconnected at the deadline; before
 * that, where too many bytes wait in all, the clients that have waited longest, so that those who do read are served.
 */
export class UnreadResponses {
  readonly #limits: UnreadLimits;
  /** In the order in which they stopped; the value is when, on the monotonic clock. */
  readonly #stopped = new Map<UnreadResponse, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: UnreadLimits) {
    this.#limits = limits;
  }

  /** Notes that a client has stopped reading. The returned function notes that it reads again, or has disconnected. */
  add(response: UnreadResponse): () => void {
    this.#stopped.set(response, performance.now());
    this.#timer ??= setInterval(() => this.#disconnectLate(), this.#limits.intervalMs);
    return () => this.#remove(response);
  }

  /** Forgets everything; the connections are the caller's to end. */
  close(): void {
    this.#stopped.clear();
    this.#stopTimer();
  }

  #remove(response: UnreadResponse): void {
    this.#stopped.delete(response);
    if (this.#stopped.size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #disconnectLate(): void {
    const { deadlineMs, totalBytes } = this.#limits;
    const now = performance.now();
    let bytes = 0;
    for (const response of this.#stopped.keys()) bytes += response.unreadBytes();
    for (const [response, since] of [...this.#stopped]) {
      if (now - since <= deadlineMs && bytes <= totalBytes) break;
      bytes -= response.unreadBytes();
      this.#remove(response);
      response.disconnect();
    }
  }
}
