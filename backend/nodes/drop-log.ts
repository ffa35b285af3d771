import type { Logger } from "pino";

/**
 * Why a packet was dropped.
 *
 * - `foreign`: no node with one of our secrets wrote these bytes.
 * - `version`: it looks like a packet of a node of another version, which cannot be authenticated.
 * - `time`: it was sent too long ago, or its sender's clock is wrong.
 * - `replayed`: it was received before, its sender's instance was replaced, or another client of NATS sent it back to
 *   the node that wrote it.
 * - `misdirected`: it is for another node, for this node before its restart, or for another subject.
 * - `name`: its sender has the id of this node.
 */
const DROP_REASONS = ["foreign", "version", "time", "replayed", "misdirected", "name"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const MESSAGES: Partial<Record<DropReason, string>> = {
  version:
    "packets of nodes of another version were dropped: all nodes of a site must run the same version. Stop the nodes " +
    "of the older one",
};

/** Milliseconds between two log lines about dropped packets. */
const LOG_INTERVAL_MS = 60_000;

/** Counts dropped packets of other nodes, or of other programs on NATS, and logs each reason at most once a minute. */
export class DropLog {
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #counts = new Map<DropReason, number>(DROP_REASONS.map((reason) => [reason, 0]));
  /** When a reason was logged, and how many packets were dropped for it until then. */
  readonly #logged = new Map<DropReason, { readonly at: number; readonly count: number }>();

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
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    const { at, count: before } = this.#logged.get(reason) ?? { at: Number.NEGATIVE_INFINITY, count: 0 };
    const now = this.#clock();
    if (now - at < LOG_INTERVAL_MS) return;
    this.#logged.set(reason, { at: now, count });
    this.#log.warn({ reason, sender, count: count - before }, MESSAGES[reason] ?? "packets between nodes were dropped");
  }
}
