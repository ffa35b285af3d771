import type { ChannelPositions } from "./channel-positions.ts";
import type { ChannelPosition } from "./socket-feature.ts";

/** Channels in one query. */
const BATCH = 200;
/** Milliseconds that an entry may arrive before an earlier one; clients wait for 250 and then ask for themselves. */
const HOLE_PATIENCE_MS = 150;
/** Milliseconds between two tries while the database does not respond. */
const RETRY_MS = 500;

/**
 * Compares what this node's sockets were sent with what the database has, one batch of channels after another. However
 * many sockets there are, a channel is read once, and never more than one batch at a time.
 */
export class ChannelComparison {
  readonly #positions: ChannelPositions;
  readonly #read: (batch: readonly ChannelPosition[]) => Promise<void>;
  #isRunning = false;
  #isStopped = false;
  #isAllDue = false;
  #due = new Set<string>();
  /** Channels with a hole, and channels in which something may be missing that leaves no hole. */
  readonly #late = new Set<string>();
  readonly #doubtful = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** `read` sends the sockets what is missing of these channels; rejects when the database does not respond. */
  constructor(positions: ChannelPositions, read: (batch: readonly ChannelPosition[]) => Promise<void>) {
    this.#positions = positions;
    this.#read = read;
  }

  /** Something that was broadcast may not have arrived: compares all channels. */
  compareAll(): void {
    this.#isAllDue = true;
    void this.#run();
  }

  /** A channel has a hole: compares it, unless the hole is filled in a moment. */
  compareLater(channel: string): void {
    this.#late.add(channel);
    this.#wait();
  }

  /** Something that was broadcast to these channels may not have arrived: compares them in a moment, many at once. */
  compareSoon(channels: Iterable<string>): void {
    for (const channel of channels) this.#doubtful.add(channel);
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.#endWait(), HOLE_PATIENCE_MS).unref();
  }

  #endWait(): void {
    this.#timer = undefined;
    for (const channel of this.#late) if (this.#positions.hasHole(channel)) this.#due.add(channel);
    for (const channel of this.#doubtful) this.#due.add(channel);
    this.#late.clear();
    this.#doubtful.clear();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (!this.#isStopped && (this.#isAllDue || this.#due.size > 0)) {
        const channels = this.#isAllDue ? undefined : this.#due;
        this.#isAllDue = false;
        this.#due = new Set();
        await this.#compare(channels);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #compare(channels: ReadonlySet<string> | undefined): Promise<void> {
    try {
      for (const batch of this.#positions.batches(BATCH, channels)) await this.#read(batch);
    } catch {
      if (channels) for (const channel of channels) this.#due.add(channel);
      else this.#isAllDue = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (1 + Math.random())).unref());
    }
  }
}
