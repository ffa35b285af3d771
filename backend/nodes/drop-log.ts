import type { Logger } from "pino";

/**
 * Why a packet was dropped. `foreign`: no node with one of our secrets wrote these bytes. `time`: it was sent too
 * long ago. `replayed`: it came before, from an instance that was replaced, or back from another client of NATS to the
 * node that sent it. `misdirected`: it is for another node, for this node before its restart, or for another subject.
 * `name`: its sender has this node's id.
 */
const DROP_REASONS = ["foreign", "time", "replayed", "misdirected", "name"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Milliseconds between two log lines about dropped packets. */
const LOG_INTERVAL_MS = 60_000;

/** Counts dropped packets of other nodes, or of other programs on NATS, and logs them at most once a minute. */
export class DropLog {
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #counts = new Map<DropReason, number>(DROP_REASONS.map((reason) => [reason, 0]));
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  /** `clock` in milliseconds. */
  constructor(log: Logger, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Packets dropped since the start, by reason. */
  get counts(): ReadonlyMap<DropReason, number> {
    return this.#counts;
  }

  add(reason: DropReason, sender?: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#unlogged += 1;
    if (this.#clock() - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#log.warn({ reason, sender, count: this.#unlogged }, "packets between nodes were dropped");
    this.#loggedAt = this.#clock();
    this.#unlogged = 0;
  }
}
