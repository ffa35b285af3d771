import type { BroadcastHeader } from "./broadcast-packet.ts";
import { FORGET_MS, MAX_TIME_DIFFERENCE_MS } from "./peers.ts";

/** An instance of another node from which an authentic broadcast came. */
interface Sender {
  /** The highest counter that came. NATS keeps a sender's order, so that none below it is accepted. */
  counter: number;
  lastSeen: number;
  /** The highest ordinal that is known of each subject that this node subscribes to. */
  readonly ordinals: Map<number, number>;
}

/** What came from each instance of other nodes: no broadcast is accepted twice, and missing ones are noticed. */
export class Senders {
  readonly #senders = new Map<string, Sender>();
  readonly #startedAt: number;

  /** `now` in milliseconds. What was sent before this node started concerns none of its sockets. */
  constructor(now: number) {
    this.#startedAt = now;
  }

  /**
   * Why an authentic broadcast is not accepted; undefined for a new one, which is remembered. `now` in milliseconds.
   */
  refuse({ instance, counter, sentAt }: BroadcastHeader, now: number): "time" | "replayed" | undefined {
    if (Math.abs(now - sentAt) > MAX_TIME_DIFFERENCE_MS || sentAt < this.#startedAt) return "time";
    const sender = this.#senders.get(instance) ?? this.#add(instance, now);
    if (counter <= sender.counter) return "replayed";
    sender.counter = counter;
    sender.lastSeen = now;
    return undefined;
  }

  /**
   * Whether a broadcast on this subject is missing, when the one with `ordinal` arrived (`isNext`), or when it is the
   * last one that the sender has sent. Where this node has subscribed to the subject in between, it does not know what
   * was sent before: then true is possible although nothing is missing, and the caller's comparison finds no
   * difference.
   */
  isMissing(instance: string, subject: number, ordinal: number, isNext: boolean): boolean {
    const ordinals = this.#senders.get(instance)?.ordinals;
    const known = ordinals?.get(subject) ?? 0;
    if (!ordinals || ordinal <= known) return false;
    ordinals.set(subject, ordinal);
    return ordinal > (isNext ? known + 1 : known);
  }

  /** This node does not subscribe to the subject any more. */
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
