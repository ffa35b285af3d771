import { shardOf } from "./subjects.ts";

/** The part of a connection to NATS that subscriptions need. */
export interface Subscriber {
  /** Subscribes to a subject by its number; returns what ends the subscription. */
  subscribe(subject: number): () => void;
  /** Resolves when the server has handled every subscription so far, or cannot be waited for. */
  confirm(): Promise<void>;
  /** Gets each subject to which this node does not subscribe any more. */
  ended(subject: number): void;
}

interface Shard {
  /** Channels of the shard that this node receives. */
  readonly channels: Set<string>;
  readonly end: () => void;
  /** Whether a socket of this node has heard one of its channels. */
  wasUsed: boolean;
  /** Until the server has handled the subscription. */
  confirmed: Promise<void> | undefined;
  /** When the last channel left, in milliseconds; undefined while there is one. */
  emptySince: number | undefined;
}

/** Milliseconds that a subscription stays after its last channel, so that a client that comes back does not wait. */
const LINGER_MS = 30_000;

/** The channel shards that this node subscribes to. */
export class Subscriptions {
  readonly #shards = new Map<number, Shard>();
  readonly #empty = new Set<number>();
  readonly #subscriber: Subscriber;

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  /** Receives a channel from now on. Undefined when it does already, else a promise of the server's confirmation. */
  add(channel: string): Promise<void> | undefined {
    const subject = shardOf(channel);
    const shard = this.#shards.get(subject) ?? this.#subscribe(subject);
    shard.channels.add(channel);
    shard.emptySince = undefined;
    this.#empty.delete(subject);
    return shard.confirmed;
  }

  /**
   * This node has no use for the channel any more. `now` in milliseconds. The subscription stays for a while, unless no
   * socket heard any channel of its shard (`wasUsed`): a client that asks for many channels and is refused must not
   * make the node subscribe to everything.
   */
  remove(channel: string, now: number, wasUsed = true): void {
    const subject = shardOf(channel);
    const shard = this.#shards.get(subject);
    if (!shard?.channels.delete(channel)) return;
    shard.wasUsed ||= wasUsed;
    if (shard.channels.size > 0) return;
    if (shard.wasUsed) {
      shard.emptySince = now;
      this.#empty.add(subject);
    } else this.#end(subject, shard);
  }

  /** The channels that this node receives on a subject; undefined where it does not subscribe to it. */
  channelsOf(subject: number): ReadonlySet<string> | undefined {
    return this.#shards.get(subject)?.channels;
  }

  has(channel: string): boolean {
    return this.#shards.get(shardOf(channel))?.channels.has(channel) === true;
  }

  /** Ends the subscriptions that have had no channel for a while. `now` in milliseconds. */
  sweep(now: number): void {
    for (const subject of this.#empty) {
      const shard = this.#shards.get(subject);
      if (shard?.emptySince !== undefined && now - shard.emptySince < LINGER_MS) break; // the oldest comes first
      this.#empty.delete(subject);
      if (shard) this.#end(subject, shard);
    }
  }

  #end(subject: number, shard: Shard): void {
    this.#shards.delete(subject);
    shard.end();
    this.#subscriber.ended(subject);
  }

  #subscribe(subject: number): Shard {
    const end = this.#subscriber.subscribe(subject);
    const shard: Shard = { channels: new Set(), end, wasUsed: false, confirmed: undefined, emptySince: undefined };
    this.#shards.set(subject, shard);
    shard.confirmed = this.#subscriber.confirm().then(() => {
      shard.confirmed = undefined;
    });
    return shard;
  }
}
