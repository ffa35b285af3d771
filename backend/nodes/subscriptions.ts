import { shardOf } from "./subjects.ts";

/** The part of a connection to NATS that subscriptions need. */
export interface Subscriber {
  /** Subscribes to a subject by its number; returns what ends the subscription. */
  subscribe(subject: number): () => void;
  /** Resolves when the server has confirmed all subscriptions so far, or after a timeout. */
  confirm(): Promise<void>;
  /** Called with each subject that this node has unsubscribed from. */
  ended(subject: number): void;
}

interface Shard {
  /** Channels of the shard that this node receives. */
  readonly channels: Set<string>;
  readonly end: () => void;
  /** Whether a socket of this node has heard one of its channels. */
  wasUsed: boolean;
  /** Set until the server has confirmed the subscription. */
  confirmed: Promise<void> | undefined;
  /** When the last channel left, in milliseconds; undefined while there is one. */
  emptySince: number | undefined;
}

/** Milliseconds that a subscription stays without a channel, so that a client that reconnects need not wait. */
const KEPT_WHEN_EMPTY_MS = 30_000;

/** The channel shards that this node subscribes to. */
export class Subscriptions {
  readonly #shards = new Map<number, Shard>();
  readonly #emptySubjects = new Set<number>();
  readonly #subscriber: Subscriber;

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  /** Receives a channel from now on. Undefined where the server has confirmed it, else resolves when it does. */
  add(channel: string): Promise<void> | undefined {
    const subject = shardOf(channel);
    const shard = this.#shards.get(subject) ?? this.#subscribe(subject);
    shard.channels.add(channel);
    shard.emptySince = undefined;
    this.#emptySubjects.delete(subject);
    return shard.confirmed;
  }

  /**
   * No socket of this node hears the channel. `now` in milliseconds. The subscription stays for a while where a socket
   * heard a channel of its shard (`wasUsed`), and else ends at once: a client that asks for many channels and is
   * refused must not make the node subscribe to all shards.
   */
  remove(channel: string, now: number, wasUsed = true): void {
    const subject = shardOf(channel);
    const shard = this.#shards.get(subject);
    if (!shard?.channels.delete(channel)) return;
    shard.wasUsed ||= wasUsed;
    if (shard.channels.size > 0) return;
    if (shard.wasUsed) {
      shard.emptySince = now;
      this.#emptySubjects.add(subject);
    } else this.#end(subject, shard);
  }

  /** The channels that this node receives on a subject; undefined where it does not subscribe to it. */
  channelsOf(subject: number): ReadonlySet<string> | undefined {
    return this.#shards.get(subject)?.channels;
  }

  has(channel: string): boolean {
    return this.#shards.get(shardOf(channel))?.channels.has(channel) === true;
  }

  /** Ends the subscriptions without a channel for `KEPT_WHEN_EMPTY_MS`. `now` in milliseconds. */
  sweep(now: number): void {
    for (const subject of this.#emptySubjects) {
      const shard = this.#shards.get(subject);
      // the oldest comes first
      if (shard?.emptySince !== undefined && now - shard.emptySince < KEPT_WHEN_EMPTY_MS) break;
      this.#emptySubjects.delete(subject);
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
