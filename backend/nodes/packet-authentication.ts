import { setTimeout as delay } from "node:timers/promises";
import type { Middleware, ServiceBroker } from "moleculer";
import type { DropLog, DropReason } from "./drop-log.ts";
import { Peers } from "./peers.ts";
import { ANY_INSTANCE, newInstance, openPacket, type PacketHeader, packetKey, sealPacket } from "./sealed-packet.ts";
import { isOtherVersion } from "./version.ts";

export interface PacketAuthenticationOptions {
  /** At least one secret of at least 32 bytes. The first one seals; packets of all are accepted. */
  readonly secrets: readonly string[];
  readonly dropped: DropLog;
  /** Milliseconds that another process with this node's id has to report itself before this one starts; 0: no check. */
  readonly idProbeMs: number;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock?: () => number;
}

/** Types of Moleculer's packets that go to every node. All others name their receiver. */
const TO_EVERY_NODE: ReadonlySet<string> = new Set(["DISCOVER", "INFO", "DISCONNECT", "HEARTBEAT", "PING"]);

interface SendMeta {
  readonly packet: { readonly type: string; readonly target?: string | null };
}
type Send = (topic: string, data: Buffer, meta: SendMeta) => Promise<void>;
type Receive = (type: string, data: Buffer, socket?: unknown) => Promise<void> | void;
type PacketKey = ReturnType<typeof packetKey>;

/**
 * A middleware around the transporter. It seals each packet that is sent (`sealed-packet.ts`). Of those that arrive,
 * only packets reach Moleculer that are authentic, for this instance of this node, recent, and not seen before.
 * Moleculer alone accepts every packet, so that any client of the NATS server could call every action. Its own
 * Encryption middleware has one key, no counter, no authentication, and does not bind a packet to its type and to its
 * receiver.
 *
 * Packets that were lost between two others are noticed by their ordinals, and reported within this node as
 * `nodes.gap`. A node that has started again without announcing its stop is reported as `nodes.restarted`: it may have
 * died before it sent what it had stored.
 *
 * Before the first packet the node checks whether its id is taken: Moleculer ends the running node when a second one
 * appears.
 */
export class PacketAuthentication {
  readonly middleware: Middleware;
  readonly #dropped: DropLog;
  readonly #clock: () => number;
  /** The first one seals. */
  readonly #keys: readonly [PacketKey, ...PacketKey[]];
  /** Identifies this process: another one may have had the same node id before. */
  readonly #instance: string;
  readonly #idProbeMs: number;
  readonly #peers = new Peers();
  /** Packets that were sent to the latest known instance of each node, by node id. */
  readonly #sentTo = new Map<string, { readonly instance: string; count: number }>();
  readonly #endProbe = new AbortController();
  #broker: ServiceBroker | undefined;
  #send: Send | undefined;
  #counter = 0;
  #probe: Promise<void> | undefined;
  #isStarting: boolean;
  #isIdTaken = false;

  constructor({ secrets, dropped, idProbeMs, clock = Date.now }: PacketAuthenticationOptions) {
    const [key, ...otherKeys] = secrets.map(packetKey);
    if (!key) throw new Error("invariant: there is a secret for packets between nodes");
    this.#keys = [key, ...otherKeys];
    this.#dropped = dropped;
    this.#clock = clock;
    this.#instance = newInstance(clock());
    this.#idProbeMs = idProbeMs;
    this.#isStarting = idProbeMs > 0;
    const middleware = {
      name: "PacketAuthentication",
      created: (broker: ServiceBroker) => {
        this.#broker = broker;
      },
      transporterSend: (next: Send): Send => {
        this.#send = next;
        return (topic, data, meta) => this.#sealAndSend(next, topic, data, meta);
      },
      transporterReceive:
        (next: Receive): Receive =>
        (type, data, socket) =>
          this.#openAndReceive(next, type, data, socket),
    };
    // by Moleculer's types these hooks return what the wrapped function returns; they return the wrapping function
    this.middleware = middleware as unknown as Middleware;
  }

  /** Whether another process reported, while this one started, that it runs under the same node id. */
  isNodeIdTaken(): boolean {
    return this.#isIdTaken;
  }

  get #nodeId(): string {
    return this.#broker?.nodeID ?? "";
  }

  async #sealAndSend(next: Send, topic: string, data: Buffer, meta: SendMeta): Promise<void> {
    const { type, target } = meta.packet;
    this.#probe ??= this.#probeNodeId();
    if (this.#isStarting) await this.#probe;
    if (this.#isIdTaken) return;
    const targetInstance = target ? this.#peers.instanceOf(target) : ANY_INSTANCE;
    if (targetInstance === undefined) throw new Error(`no packet of the node ${target} has come yet`);
    return next(topic, this.#seal(type, target ?? "", targetInstance, data), meta);
  }

  #openAndReceive(next: Receive, type: string, data: Buffer, socket: unknown): Promise<void> | void {
    const opened = openPacket(this.#keys, type, data);
    if (!opened) return this.#drop(isOtherVersion(data) ? "version" : "foreign");
    const { header, payload } = opened;
    if (header.instance === this.#instance) return; // NATS sends a node its own broadcasts
    if (!this.#isForThisInstance(type, header)) return this.#drop("misdirected", header.sender);
    const reason = this.#peers.checkAndRecord(header, this.#clock());
    if (reason) return this.#drop(reason, header.sender);
    if (header.sender === this.#nodeId) return this.#handleSameId(type, header);
    if (type === "DISCONNECT") this.#peers.noteStop(header);
    if (this.#peers.isAfterGap(header)) this.#report("nodes.gap");
    if (this.#peers.hasReplacedDead(header)) this.#report("nodes.restarted");
    return next(type, payload, socket);
  }

  /** Emits an event within this node. */
  #report(event: "nodes.gap" | "nodes.restarted"): void {
    this.#broker?.broadcastLocal(event, {}).catch(() => undefined);
  }

  #drop(reason: DropReason, sender?: string): void {
    this.#dropped.add(reason, sender);
  }

  #isForThisInstance(type: string, { sender, target, targetInstance }: PacketHeader): boolean {
    if (target === "") return TO_EVERY_NODE.has(type) && targetInstance === ANY_INSTANCE;
    if (target !== this.#nodeId) return false;
    const isForAny = type === "PING" && sender === target && targetInstance === ANY_INSTANCE;
    return targetInstance === this.#instance || isForAny;
  }

  #seal(type: string, target: string, targetInstance: string, payload: Buffer): Buffer {
    this.#counter += 1;
    const header = {
      ...{ sentAt: this.#clock(), counter: this.#counter, ordinal: this.#ordinalFor(target, targetInstance) },
      ...{ sender: this.#nodeId, instance: this.#instance, target, targetInstance },
    };
    return sealPacket(this.#keys[0], type, header, payload);
  }

  #ordinalFor(target: string, targetInstance: string): number {
    if (targetInstance === ANY_INSTANCE) return 0;
    const known = this.#sentTo.get(target);
    const to = known?.instance === targetInstance ? known : { instance: targetInstance, count: 0 };
    this.#sentTo.set(target, to);
    to.count += 1;
    return to.count;
  }

  async #probeNodeId(): Promise<void> {
    if (!this.#isStarting) return;
    this.#sendToSameId("PING", ANY_INSTANCE);
    await delay(this.#idProbeMs, undefined, { signal: this.#endProbe.signal }).catch(() => undefined);
    this.#isStarting = false;
  }

  /** Sends an empty packet to the processes with this node's id. Moleculer on the other side never sees it. */
  #sendToSameId(type: "PING" | "PONG", targetInstance: string): void {
    const topic = this.#broker?.transit?.tx.getTopicName(type, this.#nodeId);
    if (topic === undefined) return;
    const sealed = this.#seal(type, this.#nodeId, targetInstance, Buffer.alloc(0));
    this.#send?.(topic, sealed, { packet: { type, target: this.#nodeId } }).catch(() => undefined);
  }

  /**
   * Handles a packet of another process with this node's id. A PING asks whether the id is taken, a PONG says that it
   * is; any other packet is a mistake of the operator.
   */
  #handleSameId(type: string, header: PacketHeader): void {
    this.#drop("name", header.sender);
    if (type === "PONG" && this.#isStarting) {
      this.#isIdTaken = true;
      this.#endProbe.abort();
    }
    // of two processes that start at the same time the older one keeps the id
    const isYounger = this.#isStarting && header.instance < this.#instance;
    if (type === "PING" && !isYounger) this.#sendToSameId("PONG", header.instance);
  }
}
