import type { SocketEvent } from "./socket-event.ts";
import type { ChannelPosition, Subscription } from "./socket-feature.ts";

/** Maximum number of events beyond a channel's position; with more, the channel is compared with the database. */
const MAX_AHEAD = 200;

/** What was sent to the sockets of this node of one channel. */
interface SentPosition {
  readonly epoch: string;
  /** All entries up to this number were sent. */
  seq: number;
  /** Numbers of later entries that were sent before an earlier one. */
  readonly sentEarly: Set<number>;
  /** All changes of entries up to this revision were sent. */
  revision: number;
  /** Revisions of later changes that were sent. Not every revision has a change, so a missing one cannot be noticed. */
  readonly sentChanges: Set<number>;
}

/**
 * Records what was sent to the sockets of this node of each channel that one of them hears. So no entry is sent twice,
 * and a missing one is noticed. Channels without sockets here are not recorded.
 */
export class ChannelPositions {
  readonly #channels = new Map<string, SentPosition>();
  readonly #onGap: (channel: string) => void;

  /** `onGap` is called with a channel that lacks an entry before a later one, or has more changes than are recorded. */
  constructor(onGap: (channel: string) => void) {
    this.#onGap = onGap;
  }

  /**
   * Records that a socket has subscribed: its client has the channel up to this position, and the events that were held
   * meanwhile. The channel's position becomes what all clients of this node have. A broadcast that did not reach this
   * node may be known to a client that subscribes now, and not to one that subscribed earlier.
   */
  noteSubscription(
    { channel, epoch, seq, revision, isPartial }: Subscription,
    held: readonly SocketEvent[] = [],
  ): void {
    // a client that has only a part subscribes again, and its position is not yet known
    if (isPartial) return;
    const sent = this.#channels.get(channel);
    if (!sent) this.#channels.set(channel, { epoch, seq, sentEarly: new Set(), revision, sentChanges: new Set() });
    else if (sent.epoch === epoch) {
      lowerTo(sent, seq, revision, held);
      if (sent.sentEarly.size > 0) this.#onGap(channel);
    }
    for (const event of held) this.recordEvent(event);
  }

  /** Forgets a channel that no socket of this node hears. */
  forget(channel: string): void {
    this.#channels.delete(channel);
  }

  /** Records an event that is about to be sent. Returns false when it was sent already. */
  recordEvent({
    channel,
    kind,
    epoch,
    position,
  }: Pick<SocketEvent, "channel" | "kind" | "epoch" | "position">): boolean {
    if (channel === undefined || (kind !== "entry" && kind !== "change")) return true;
    const sent = this.#channels.get(channel);
    if (!sent || sent.epoch !== epoch) return true;
    return kind === "entry" ? this.#recordEntry(channel, sent, position) : this.#recordChange(channel, sent, position);
  }

  /** The positions of these channels, or of all channels, in batches of `size`. */
  *batches(size: number, only?: ReadonlySet<string>): Generator<readonly ChannelPosition[]> {
    let batch: ChannelPosition[] = [];
    for (const channel of only ?? [...this.#channels.keys()]) {
      const sent = this.#channels.get(channel);
      if (!sent) continue;
      batch.push({ channel, epoch: sent.epoch, seq: sent.seq, revision: sent.revision });
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /**
   * Records that everything between `from` and this position was sent. With another epoch the channel has been numbered
   * anew. Where the position was lowered below `from` meanwhile, it stays there: what lies between was not sent.
   */
  noteCompared({ channel, epoch, seq, revision }: ChannelPosition, from: ChannelPosition): void {
    const sent = this.#channels.get(channel);
    if (!sent) return;
    if (sent.epoch !== epoch) {
      this.#channels.set(channel, { epoch, seq, sentEarly: new Set(), revision, sentChanges: new Set() });
      return;
    }
    if (sent.seq >= from.seq) {
      for (const known of sent.sentEarly) if (known <= seq) sent.sentEarly.delete(known);
      sent.seq = Math.max(sent.seq, seq);
      advanceOverEarly(sent);
    }
    if (sent.revision >= from.revision) {
      for (const known of sent.sentChanges) if (known <= revision) sent.sentChanges.delete(known);
      sent.revision = Math.max(sent.revision, revision);
    }
  }

  /** Whether the channel lacks entries before one that was sent, or has more changes than are recorded. */
  hasGap(channel: string): boolean {
    const sent = this.#channels.get(channel);
    return sent !== undefined && (sent.sentEarly.size > 0 || sent.sentChanges.size > MAX_AHEAD);
  }

  #recordEntry(channel: string, sent: SentPosition, seq: number): boolean {
    if (seq <= sent.seq || sent.sentEarly.has(seq)) return false;
    if (seq === sent.seq + 1) {
      sent.seq = seq;
      advanceOverEarly(sent);
      return true;
    }
    sent.sentEarly.add(seq);
    this.#onGap(channel);
    return true;
  }

  #recordChange(channel: string, sent: SentPosition, revision: number): boolean {
    if (revision <= sent.revision || sent.sentChanges.has(revision)) return false;
    sent.sentChanges.add(revision);
    if (sent.sentChanges.size > MAX_AHEAD) this.#onGap(channel);
    return true;
  }
}

/** Lowers a channel's position to that of a client, which also has the held events. */
function lowerTo(sent: SentPosition, seq: number, revision: number, held: readonly SocketEvent[]): void {
  sent.revision = Math.min(sent.revision, revision);
  if (seq >= sent.seq) return;
  for (const { kind, epoch, position } of held)
    if (kind === "entry" && epoch === sent.epoch && position > seq) sent.sentEarly.add(position);
  sent.seq = seq;
  advanceOverEarly(sent);
}

/** Advances the position over entries that were sent early and now follow it without a gap. */
function advanceOverEarly(sent: SentPosition): void {
  while (sent.sentEarly.delete(sent.seq + 1)) sent.seq += 1;
}
