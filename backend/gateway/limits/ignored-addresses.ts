import type { Logger } from "pino";

/**
 * Visitors whose address was ignored before the operator is warned: a single one may be a client that wrote the header.
 */
const WARN_VISITORS = 3;
/** Peers that are counted separately. */
const MAX_PEERS = 100;

/**
 * Notices when `CF-Connecting-IP` is ignored because it comes from a peer that is not trusted. If that peer is the
 * connector, all visitors count as one and share one limit. Warns once.
 */
export class IgnoredAddresses {
  readonly #log: Logger;
  readonly #visitors = new Map<string, Set<string>>();
  #hasWarned = false;
  #count = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `peer` is the address of the connection, `visitor` the value of the header. */
  note(peer: string, visitor: string): void {
    this.#count += 1;
    if (this.#hasWarned) return;
    const visitors = this.#visitors.get(peer) ?? new Set();
    if (this.#visitors.size < MAX_PEERS) this.#visitors.set(peer, visitors);
    visitors.add(visitor);
    if (visitors.size < WARN_VISITORS) return;
    this.#hasWarned = true;
    this.#visitors.clear();
    this.#log.warn(
      { peer },
      `Requests from ${peer} name different visitors in CF-Connecting-IP, and ${peer} is not a trusted peer: ` +
        "all of them count as one visitor and share one limit. If the connector runs there, set " +
        `TRUSTED_PEERS=${peer}/${peer.includes(":") ? 128 : 32}. If it runs on this machine, let it connect to ` +
        "the loopback (HOST=127.0.0.1). Otherwise a client bypasses the tunnel: close this port to it.",
    );
  }

  /** Requests whose header was ignored. */
  get count(): number {
    return this.#count;
  }
}
