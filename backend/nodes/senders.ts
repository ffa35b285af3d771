import type { BroadcastHeader } from "./broadcast-packet.ts";
import { FORGET_MS, MAX_TIME_DIFFERENCE_MS } from "./peers.ts";

/** An instance of another node from which an authentic broadcast came. */
interface Sender {
  /** The highest counter that arrived. NATS keeps a sender's order, so that none below it is accepted. */
  counter: number;
  lastSeen: number;
  /** The highest ordinal that is known of each subject that this node subscribes to. */
  readonly ordinals: Map<number, number>;
}

/** Remembers what arrived from each instance of other nodes, to refuse repeated broadcasts and notice missing ones. */
export class Senders {
  readonly #senders = new Map<string, Sender>();
  readonly #startedAt: number;

  /** `now` in milliseconds. What was sent before this node started concerns none of its sockets. */
  constructor(now: number) {
    this.#startedAt = now;
  }

  /**
   * Returns why an authentic broadcast is not accepted. A new one is recorded, and the result is undefined. `now` in
   * milliseconds.
   */
  checkAndRecord({ instance, counter, sentAt }: BroadcastHeader, now: number): "time" | "replayed" | undefined {
    if (Math.abs(now - sentAt) > MAX_TIME_DIFFERENCE_MS || sentAt < this.#startedAt) return "time";
    const sender = this.#senders.get(instance) ?? this.#add(instance, now);
    if (counter <= sender.counter) return "replayed";
    sender.counter = counter;
    sender.lastSeen = now;
    return undefined;
  }

  /**
   * Whether a broadcast on this subject is missing, now that the one with `ordinal` has arrived (`isNext`), or is known
   * to be the latest one that was sent. After it has subscribed to a subject, a node does not know how much was sent
   * before: then the result may be true although nothing is missing.
   */
  isMissing(instance: string, subject: number, ordinal: number, isNext: boolean): boolean {
    const ordinals = this.#senders.get(instance)?.ordinals;
    const known = ordinals?.get(subject) ?? 0;
    if (!ordinals || ordinal <= known) return false;
    ordinals.set(subject, ordinal);
    return ordinal > (isNext ? known + 1 : known);
  }

  /** This node has unsubscribed from the subject. */
  forgetSubject(subject: number): void {
    for (const { ordinals } of this.#senders.values()) ordinals.delete(subject);
  }

  #add(instance: string, now: number): Sender {
    for (const [old, { lastSeen }] of this.#senders) if (now - lastSeen > FORGET_MS) this.#senders.delete(old);
    const sender = { counter: 0, lastSeen: now, ordinals: new Map() };
    this.#senders.set(instance, sender);
    return sender;
  }
}
