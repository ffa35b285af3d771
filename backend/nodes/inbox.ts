import type { KeyObject } from "node:crypto";
import type { Logger } from "pino";
import { broadcastKey, openBroadcast } from "./broadcast-packet.ts";
import { type Delivery, readDeliveries } from "./delivery.ts";
import type { DropLog, DropReason } from "./drop-log.ts";
import { readPacketCounts } from "./packet-counts.ts";
import { Senders } from "./senders.ts";
import { PACKET_COUNTS } from "./subjects.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { isOtherVersion } from "./version.ts";

/** Handles what other nodes send. */
export interface Receiver {
  /** Sends a delivery to sockets of this node. Its `text` is valid during the call only. */
  deliver(delivery: Delivery): void;
  /** Broadcasts in these channels were lost, or may have been before this node knew what their sender has sent. */
  missed(channels: Iterable<string>): void;
}

export interface InboxOptions {
  /** Packets of all of these secrets are accepted. */
  readonly secrets: readonly string[];
  readonly log: Logger;
  readonly dropped: DropLog;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly subscriptions: Subscriptions;
  /** The instance as which this node itself sends. */
  readonly instance: string;
}

/** Receives the broadcasts of other nodes: authenticates them, drops repeated ones, and notices missing ones. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #keys: readonly KeyObject[];
  readonly #senders: Senders;
  /** Packets that arrived in this turn of the event loop. */
  #arrivedPackets: { readonly subject: number; readonly packet: Buffer }[] = [];
  /** Undefined while there are no sockets yet. */
  receiver: Receiver | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#keys = options.secrets.map(broadcastKey);
    this.#senders = new Senders(options.clock());
  }

  /**
   * Queues a packet until the end of this event loop turn. Moleculer has then handled its own packets that arrived
   * before, for example the end of a session before a message that was sent after it. `packet` may be a view, which has
   * to stay valid until then.
   */
  take(subject: number, packet: Buffer): void {
    if (this.#arrivedPackets.length === 0) setImmediate(() => this.#handleAll());
    this.#arrivedPackets.push({ subject, packet });
  }

  /** This node has unsubscribed from the subject. */
  forget(subject: number): void {
    this.#senders.forgetSubject(subject);
  }

  #handleAll(): void {
    const arrived = this.#arrivedPackets;
    this.#arrivedPackets = [];
    const { dropped, log } = this.#options;
    for (const { subject, packet } of arrived) {
      try {
        const reason = this.#handle(subject, packet);
        if (reason) dropped.add(reason);
      } catch (error) {
        log.error({ err: error }, "a broadcast of another node could not be handled");
      }
    }
  }

  /** Returns why the packet is dropped; undefined for one that is not. */
  #handle(subject: number, packet: Buffer): DropReason | undefined {
    const { clock, subscriptions, instance } = this.#options;
    const { receiver } = this;
    const opened = openBroadcast(this.#keys, packet);
    if (!opened) return isOtherVersion(packet) ? "version" : "foreign";
    const { header, body } = opened;
    if (header.subject !== subject) return "misdirected";
    // NATS sends a node none of its own packets: another client has sent it back
    if (header.instance === instance) return "replayed";
    const reason = this.#senders.checkAndRecord(header, clock());
    if (reason || !receiver) return reason;
    if (subject === PACKET_COUNTS) {
      for (const { subject: counted, count } of readPacketCounts(body))
        this.#reportMissing(header.instance, counted, count, false, receiver);
      return undefined;
    }
    this.#reportMissing(header.instance, subject, header.ordinal, true, receiver);
    const isWhole = readDeliveries(
      body,
      (channel) => subscriptions.has(channel),
      (delivery) => receiver.deliver(delivery),
    );
    return isWhole ? undefined : "foreign";
  }

  /** Reports the channels of a subject on which a broadcast is missing. Only broadcasts to channels are stored. */
  #reportMissing(instance: string, subject: number, ordinal: number, isNext: boolean, receiver: Receiver): void {
    const channels = this.#options.subscriptions.channelsOf(subject);
    if (!channels) return;
    if (this.#senders.isMissing(instance, subject, ordinal, isNext)) receiver.missed(channels);
  }
}
