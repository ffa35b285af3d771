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
  /** Rooms of the shard that this node receives. */
  readonly rooms: Set<string>;
  readonly end: () => void;
  /** Whether a socket of this node was in one of its rooms. */
  wasUsed: boolean;
  /** Until the server has handled the subscription. */
  confirmed: Promise<void> | undefined;
  /** When the last room left, in milliseconds; undefined while there is one. */
  emptySince: number | undefined;
}

/** Milliseconds that a subscription stays after its last room, so that a client that comes back does not wait. */
const LINGER_MS = 30_000;

/** The room shards that this node subscribes to. */
export class Subscriptions {
  readonly #shards = new Map<number, Shard>();
  readonly #empty = new Set<number>();
  readonly #subscriber: Subscriber;

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  /** Receives a room from now on. Undefined when it does already, else a promise of the server's confirmation. */
  add(room: string): Promise<void> | undefined {
    const subject = shardOf(room);
    const shard = this.#shards.get(subject) ?? this.#subscribe(subject);
    shard.rooms.add(room);
    shard.emptySince = undefined;
    this.#empty.delete(subject);
    return shard.confirmed;
  }

  /**
   * This node has no use for the room any more. `now` in milliseconds. The subscription stays for a while, unless no
   * socket was in any room of its shard (`wasUsed`): a client that tries to join many rooms and is refused must not
   * make the node subscribe to everything.
   */
  remove(room: string, now: number, wasUsed = true): void {
    const subject = shardOf(room);
    const shard = this.#shards.get(subject);
    if (!shard?.rooms.delete(room)) return;
    shard.wasUsed ||= wasUsed;
    if (shard.rooms.size > 0) return;
    if (shard.wasUsed) {
      shard.emptySince = now;
      this.#empty.add(subject);
    } else this.#end(subject, shard);
  }

  /** The rooms that this node receives on a subject; undefined where it does not subscribe to it. */
  roomsOf(subject: number): ReadonlySet<string> | undefined {
    return this.#shards.get(subject)?.rooms;
  }

  has(room: string): boolean {
    return this.#shards.get(shardOf(room))?.rooms.has(room) === true;
  }

  /** Ends the subscriptions that have had no room for a while. `now` in milliseconds. */
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
    const shard: Shard = { rooms: new Set(), end, wasUsed: false, confirmed: undefined, emptySince: undefined };
    this.#shards.set(subject, shard);
    shard.confirmed = this.#subscriber.confirm().then(() => {
      shard.confirmed = undefined;
    });
    return shard;
  }
}
