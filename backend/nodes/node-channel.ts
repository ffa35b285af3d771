import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "nats";
import type { Logger } from "pino";
import type { Delivery } from "./delivery.ts";
import type { DropLog } from "./drop-log.ts";
import { Inbox, type Receiver } from "./inbox.ts";
import type { ConnectionListener } from "./nats-transporter.ts";
import { NodeOutbox } from "./outbox.ts";
import { PACKET_COUNTS, shardOf, subjectName, TO_EVERY_NODE } from "./subjects.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface NodeChannelOptions {
  /** At least one secret of at least 32 bytes. The first one seals; broadcasts of all are accepted. */
  readonly secrets: readonly string[];
  readonly log: Logger;
  readonly dropped: DropLog;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
}

/** Milliseconds between two packets of counts: within this time a lost broadcast is noticed that none follows. */
const COUNTS_INTERVAL_MS = 1_000;
/** Milliseconds that `listen` waits for the server to confirm a subscription. */
const CONFIRM_TIMEOUT_MS = 500;

/**
 * Sends broadcasts to the sockets of other nodes, and receives theirs. They use the same connection to NATS as
 * Moleculer's packets, so that both arrive in the order in which they were sent. A broadcast to a channel goes to the
 * nodes that subscribe to the channel's shard (`subjects.ts`). It is encoded as sockets get it, so that the receiving
 * node parses no JSON.
 *
 * - Every packet is authenticated (`broadcast-packet.ts`), recent, and newer than all others of its sender.
 * - Packets are numbered for each subject. Every second a node sends its packet counts: how many it has sent on each
 *   subject that it has used lately. A receiver that lacks one compares the channels of that subject with the database.
 * - While there is no connection, packets are numbered and dropped. The other nodes notice later that they are missing.
 */
export class NodeChannel implements ConnectionListener {
  readonly #log: Logger;
  readonly #outbox: NodeOutbox;
  readonly #inbox: Inbox;
  readonly #subscriptions: Subscriptions;
  #client: NatsConnection | undefined;
  #isLost = false;
  #confirming: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ secrets, log, dropped, clock }: NodeChannelOptions) {
    const [secret] = secrets;
    if (secret === undefined) throw new Error("invariant: there is a secret for broadcasts between nodes");
    this.#log = log;
    this.#outbox = new NodeOutbox({
      ...{ secret, clock },
      publish: (subject, packet) => this.#publish(subject, packet),
      failed: (error) => log.error({ err: error }, "a broadcast could not be sent to other nodes"),
    });
    const subscriptions = new Subscriptions({
      subscribe: (subject) => this.#subscribe(subject),
      confirm: () => this.#confirm(),
      ended: (subject) => this.#inbox.forget(subject),
    });
    this.#subscriptions = subscriptions;
    const { instance } = this.#outbox;
    this.#inbox = new Inbox({ secrets, log, dropped, clock, subscriptions, instance });
  }

  /** Hands what arrives to `receiver` from now on. Before, everything is dropped: there are no sockets yet. */
  receiveWith(receiver: Receiver): void {
    this.#inbox.receiver = receiver;
  }

  /** Sends a delivery to the sockets of other nodes, within 4 ms. */
  send(delivery: Delivery): void {
    this.#outbox.add(delivery);
  }

  /**
   * Receives what other nodes send to a channel from now on. Undefined when this node does already; else a promise that
   * resolves when the server has confirmed the subscription, or after half a second. Await it before you read the
   * channel's state. A broadcast that is lost all the same is noticed like every other loss.
   */
  listen(channel: string): Promise<void> | undefined {
    return this.#subscriptions.add(channel);
  }

  /**
   * Receives what other nodes send to a channel for as long as this node runs, and tells them every second how much it
   * has sent to it itself. A loss is then noticed within a second, also the first one after a long silence. Resolves as
   * `listen` does.
   */
  follow(channel: string): Promise<void> | undefined {
    this.#outbox.alwaysCount(shardOf(channel));
    return this.listen(channel);
  }

  /** No socket of this node hears the channel. `wasUsed` is false when none did: its subscription was refused. */
  unlisten(channel: string, wasUsed: boolean): void {
    this.#subscriptions.remove(channel, performance.now(), wasUsed);
  }

  /** Tells the other nodes how many packets this one has sent; also done every second. */
  sendPacketCounts(): void {
    this.#outbox.sendPacketCounts();
  }

  connected(client: NatsConnection): void {
    this.#client = client;
    this.#subscribe(TO_EVERY_NODE);
    this.#subscribe(PACKET_COUNTS);
    this.#timer ??= setInterval(() => {
      this.#outbox.sendPacketCounts();
      this.#subscriptions.sweep(performance.now());
    }, COUNTS_INTERVAL_MS).unref();
  }

  lost(): void {
    this.#isLost = true;
  }

  /** Sends the packet counts of all subjects, so that the other nodes notice what they did not get meanwhile. */
  reconnected(): void {
    this.#isLost = false;
    this.#outbox.sendPacketCounts(true);
  }

  /** Sends the waiting deliveries, and nothing afterwards. */
  stop(): void {
    clearInterval(this.#timer);
    this.#outbox.flush();
    this.#client = undefined;
  }

  #publish(subject: number, packet: Buffer): void {
    if (this.#isLost) return;
    try {
      this.#client?.publish(subjectName(subject), packet);
    } catch (error) {
      this.#log.error({ err: error, bytes: packet.length }, "a broadcast could not be sent to other nodes");
    }
  }

  #subscribe(subject: number): () => void {
    const topic = subjectName(subject);
    const subscription = this.#client?.subscribe(topic, {
      callback: (error, { data }) => {
        if (error) this.#log.error({ topic, reason: error.message }, "NATS refused a subscription");
        else this.#inbox.take(subject, Buffer.from(data.buffer, data.byteOffset, data.length));
      },
    });
    return () => subscription?.unsubscribe();
  }

  /** One round trip for all subscriptions of this turn of the event loop. */
  #confirm(): Promise<void> {
    const client = this.#client;
    if (!client || this.#isLost) return Promise.resolve();
    this.#confirming ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#confirming = undefined;
        const confirmed = client.flush().catch(() => undefined);
        resolve(Promise.race([confirmed, delay(CONFIRM_TIMEOUT_MS, undefined, { ref: false })]));
      });
    });
    return this.#confirming;
  }
}
