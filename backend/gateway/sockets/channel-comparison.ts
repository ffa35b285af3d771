import type { ChannelPositions } from "./channel-positions.ts";
import type { ChannelPosition } from "./socket-feature.ts";

/** Maximum number of channels in one query. */
const BATCH_CHANNELS = 200;
/** Milliseconds to wait for an entry that is missing before a later one. Clients wait 250 ms and then request it. */
const GAP_WAIT_MS = 150;
/** Milliseconds between two attempts while the database does not respond. */
const RETRY_MS = 500;

/**
 * Compares what was sent to the sockets of this node with the database, one batch of channels after another. A channel
 * is read once, however many sockets hear it.
 */
export class ChannelComparison {
  readonly #positions: ChannelPositions;
  readonly #compareBatch: (batch: readonly ChannelPosition[]) => Promise<void>;
  #isRunning = false;
  #isStopped = false;
  #isAllDue = false;
  #dueChannels = new Set<string>();
  /** Channels with a gap in their numbers, and channels that may lack something without a gap. */
  readonly #withGap = new Set<string>();
  readonly #withPossibleLoss = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** `compareBatch` sends to the sockets what they lack of these channels. It rejects when the database is away. */
  constructor(positions: ChannelPositions, compareBatch: (batch: readonly ChannelPosition[]) => Promise<void>) {
    this.#positions = positions;
    this.#compareBatch = compareBatch;
  }

  /** Compares all channels, because broadcasts may be lost. */
  compareAll(): void {
    this.#isAllDue = true;
    void this.#run();
  }

  /** Compares a channel with a gap, unless the missing entries arrive in a moment. */
  compareLater(channel: string): void {
    this.#withGap.add(channel);
    this.#wait();
  }

  /** Compares these channels in a moment, many at once, because broadcasts to them may be lost. */
  compareSoon(channels: Iterable<string>): void {
    for (const channel of channels) this.#withPossibleLoss.add(channel);
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.#endWait(), GAP_WAIT_MS).unref();
  }

  #endWait(): void {
    this.#timer = undefined;
    for (const channel of this.#withGap) if (this.#positions.hasGap(channel)) this.#dueChannels.add(channel);
    for (const channel of this.#withPossibleLoss) this.#dueChannels.add(channel);
    this.#withGap.clear();
    this.#withPossibleLoss.clear();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (!this.#isStopped && (this.#isAllDue || this.#dueChannels.size > 0)) {
        const channels = this.#isAllDue ? undefined : this.#dueChannels;
        this.#isAllDue = false;
        this.#dueChannels = new Set();
        await this.#compare(channels);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #compare(channels: ReadonlySet<string> | undefined): Promise<void> {
    try {
      for (const batch of this.#positions.batches(BATCH_CHANNELS, channels)) await this.#compareBatch(batch);
    } catch {
      if (channels) for (const channel of channels) this.#dueChannels.add(channel);
      else this.#isAllDue = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (1 + Math.random())).unref());
    }
  }
}
