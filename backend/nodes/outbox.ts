import type { KeyObject } from "node:crypto";
import { startNotBefore } from "../start-not-before.ts";
import { broadcastKey, HEADER_BYTES, MAC_BYTES, sealBroadcast } from "./broadcast-packet.ts";
import { type Delivery, deliveryBytes, writeDelivery } from "./delivery.ts";
import { PACKET_COUNT_BYTES, writePacketCount } from "./packet-counts.ts";
import { newInstance } from "./sealed-packet.ts";
import { PACKET_COUNTS, SUBJECTS, shardOf, TO_EVERY_NODE } from "./subjects.ts";

export interface NodeOutboxOptions {
  /** The secret that seals. */
  readonly secret: string;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  /** Sends a packet; without a connection it is dropped, and the other nodes notice that it is missing. */
  readonly publish: (subject: number, packet: Buffer) => void;
  /** Called with the error of a batch that could not be encoded, which is a bug of this project. */
  readonly failed: (error: unknown) => void;
}

/** Bytes after which a packet takes no further delivery; NATS accepts 1 MB. */
const MAX_BATCH_BYTES = 256 * 1024;

/**
 * Milliseconds between two batches. A batch costs each receiver more than its deliveries, so a node under load sends
 * fewer batches. A broadcast after a pause is sent at once.
 */
const BATCH_INTERVAL_MS = 4;

/** Sends deliveries to other nodes in batches: one packet for each subject and batch. */
export class NodeOutbox {
  readonly #options: NodeOutboxOptions;
  readonly #key: KeyObject;
  /** Id of this instance of the node, which is in every packet that it sends. */
  readonly instance: string;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #counter = 0;
  /** The last ordinal of each subject. */
  readonly #ordinals = new Float64Array(SUBJECTS);
  /** Subjects that were used since the packet counts were last sent, and between that time and the one before. */
  #used = new Set<number>();
  #usedBefore: ReadonlySet<number> = new Set();
  /** Subjects whose packet counts are always sent. */
  readonly #alwaysCounted = new Set<number>();
  /** Deliveries of the next batch. */
  #waiting = new Map<number, Delivery[]>();

  constructor(options: NodeOutboxOptions) {
    this.#options = options;
    this.#key = broadcastKey(options.secret);
    this.instance = newInstance(options.clock());
  }

  /**
   * Sends a delivery with the next batch: at the end of this event loop turn, or after at most 4 ms. The end of a
   * subscription (`left`) is sent at once, after the deliveries that wait: meanwhile another node could send a message
   * that the user must not get.
   */
  add(delivery: Delivery): void {
    const { kind, channel, users } = delivery;
    const isForChannel = channel !== undefined && (users === undefined || kind === "left");
    const subject = isForChannel ? shardOf(channel) : TO_EVERY_NODE;
    if (this.#waiting.size === 0 && kind !== "left")
      startNotBefore(this.#flushedAt + BATCH_INTERVAL_MS, () => this.flush());
    const group = this.#waiting.get(subject);
    if (group) group.push(delivery);
    else this.#waiting.set(subject, [delivery]);
    if (kind === "left") this.flush();
  }

  /** Sends the waiting deliveries now. */
  flush(): void {
    this.#flushedAt = performance.now();
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [subject, deliveries] of waiting) {
      try {
        this.#sendBatches(subject, deliveries);
      } catch (error) {
        this.#options.failed(error);
      }
    }
  }

  /** From now on the packet count of this subject is always sent, however long ago it was used. */
  alwaysCount(subject: number): void {
    this.#alwaysCounted.add(subject);
  }

  /**
   * Sends the packet counts of the subjects that were used since the last time but one, so that one such packet may be
   * lost, and of those that are always counted. With `includesAll`, of all subjects.
   */
  sendPacketCounts(includesAll = false): void {
    const recent = new Set([...this.#usedBefore, ...this.#used, ...this.#alwaysCounted]);
    this.#usedBefore = this.#used;
    this.#used = new Set();
    const countOf = (subject: number) => this.#ordinals[subject] ?? 0;
    const subjects = [...(includesAll ? this.#ordinals.keys() : recent)].filter((subject) => countOf(subject) > 0);
    const packet = Buffer.allocUnsafe(HEADER_BYTES + subjects.length * PACKET_COUNT_BYTES + MAC_BYTES);
    let at = HEADER_BYTES;
    for (const subject of subjects) at = writePacketCount(packet, at, { subject, count: countOf(subject) });
    this.#send(PACKET_COUNTS, 0, packet);
  }

  #sendBatches(subject: number, deliveries: readonly Delivery[]): void {
    let batch: Delivery[] = [];
    let bytes = 0;
    for (const delivery of deliveries) {
      const size = deliveryBytes(delivery);
      if (bytes > 0 && bytes + size > MAX_BATCH_BYTES) {
        this.#sendBatch(subject, batch, bytes);
        batch = [];
        bytes = 0;
      }
      batch.push(delivery);
      bytes += size;
    }
    this.#sendBatch(subject, batch, bytes);
  }

  #sendBatch(subject: number, batch: readonly Delivery[], bytes: number): void {
    const ordinal = (this.#ordinals[subject] ?? 0) + 1;
    this.#ordinals[subject] = ordinal;
    this.#used.add(subject);
    const packet = Buffer.allocUnsafe(HEADER_BYTES + bytes + MAC_BYTES);
    let at = HEADER_BYTES;
    for (const delivery of batch) at = writeDelivery(packet, at, delivery);
    this.#send(subject, ordinal, packet);
  }

  #send(subject: number, ordinal: number, packet: Buffer): void {
    this.#counter += 1;
    const { clock, publish } = this.#options;
    sealBroadcast(
      this.#key,
      { sentAt: clock(), counter: this.#counter, ordinal, subject, instance: this.instance },
      packet,
    );
    publish(subject, packet);
  }
}
