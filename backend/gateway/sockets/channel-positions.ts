import type { SocketEvent } from "./socket-event.ts";
import type { ChannelPosition, Subscription } from "./socket-feature.ts";

/** Events of one channel that may be known beyond its position; with more, it is compared with the database. */
const MAX_AHEAD = 200;

/** What the sockets here have been sent of one channel. */
interface SentPosition {
  readonly epoch: string;
  /** All entries up to this one. */
  seq: number;
  /** Numbers of later entries that were sent before an earlier one. */
  readonly early: Set<number>;
  /** All changes of entries up to this revision. */
  revision: number;
  /** Revisions of later changes. Whether one between them is missing cannot be seen: revisions have holes. */
  readonly changes: Set<number>;
}

/**
 * What the sockets of this node have been sent of each channel that one of them hears: no entry is sent twice, and
 * where one is missing, the database is asked. It holds as many channels as have sockets here.
 */
export class ChannelPositions {
  readonly #channels = new Map<string, SentPosition>();
  readonly #onHole: (channel: string) => void;

  /** `onHole` gets a channel whose entries arrive in another order, or that has more changes than are remembered. */
  constructor(onHole: (channel: string) => void) {
    this.#onHole = onHole;
  }

  /**
   * A socket has subscribed: its client has the channel up to this position, and the events that were held meanwhile.
   * The channel's position becomes what all clients here have. A broadcast that never came to this node may be in the
   * state of one client and not in that of another, which began to subscribe earlier.
   */
  subscribed({ channel, epoch, seq, revision, isPartial }: Subscription, held: readonly SocketEvent[] = []): void {
    // where the client has only a part, it subscribes again, and the channel's own position is not known
    if (isPartial) return;
    const sent = this.#channels.get(channel);
    if (!sent) this.#channels.set(channel, { epoch, seq, early: new Set(), revision, changes: new Set() });
    else if (sent.epoch === epoch) {
      lower(sent, seq, revision, held);
      if (sent.early.size > 0) this.#onHole(channel);
    }
    for (const event of held) this.isNew(event);
  }

  /** No socket here hears the channel any more. */
  emptied(channel: string): void {
    this.#channels.delete(channel);
  }

  /** Remembers an event that is about to be sent; false when the sockets have been sent it already. */
  isNew({ channel, kind, epoch, position }: Pick<SocketEvent, "channel" | "kind" | "epoch" | "position">): boolean {
    if (channel === undefined || (kind !== "entry" && kind !== "change")) return true;
    const sent = this.#channels.get(channel);
    if (!sent || sent.epoch !== epoch) return true;
    return kind === "entry" ? this.#isNewEntry(channel, sent, position) : this.#isNewChange(channel, sent, position);
  }

  /** Positions of these channels, or of all, so many at once. */
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
   * Everything between `from` and here has been sent. In another epoch the channel has begun anew. Where the position
   * was lowered below `from` meanwhile, what is between them has not been sent.
   */
  completed({ channel, epoch, seq, revision }: ChannelPosition, from: ChannelPosition): void {
    const sent = this.#channels.get(channel);
    if (!sent) return;
    if (sent.epoch !== epoch) {
      this.#channels.set(channel, { epoch, seq, early: new Set(), revision, changes: new Set() });
      return;
    }
    if (sent.seq >= from.seq) {
      for (const known of sent.early) if (known <= seq) sent.early.delete(known);
      sent.seq = Math.max(sent.seq, seq);
      advance(sent);
    }
    if (sent.revision >= from.revision) {
      for (const known of sent.changes) if (known <= revision) sent.changes.delete(known);
      sent.revision = Math.max(sent.revision, revision);
    }
  }

  /** Whether entries of the channel are missing between those that were sent. */
  hasHole(channel: string): boolean {
    const sent = this.#channels.get(channel);
    return sent !== undefined && (sent.early.size > 0 || sent.changes.size > MAX_AHEAD);
  }

  #isNewEntry(channel: string, sent: SentPosition, seq: number): boolean {
    if (seq <= sent.seq || sent.early.has(seq)) return false;
    if (seq === sent.seq + 1) {
      sent.seq = seq;
      advance(sent);
      return true;
    }
    sent.early.add(seq);
    this.#onHole(channel);
    return true;
  }

  #isNewChange(channel: string, sent: SentPosition, revision: number): boolean {
    if (revision <= sent.revision || sent.changes.has(revision)) return false;
    sent.changes.add(revision);
    if (sent.changes.size > MAX_AHEAD) this.#onHole(channel);
    return true;
  }
}

/** Takes back from a channel's position what a client lacks that has this position and these events. */
function lower(sent: SentPosition, seq: number, revision: number, held: readonly SocketEvent[]): void {
  sent.revision = Math.min(sent.revision, revision);
  if (seq >= sent.seq) return;
  for (const { kind, epoch, position } of held)
    if (kind === "entry" && epoch === sent.epoch && position > seq) sent.early.add(position);
  sent.seq = seq;
  advance(sent);
}

/** Moves the position over the entries that were sent early and now follow it. */
function advance(sent: SentPosition): void {
  while (sent.early.delete(sent.seq + 1)) sent.seq += 1;
}
