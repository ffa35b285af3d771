import { setTimeout as delay } from "node:timers/promises";
import type { Middleware, ServiceBroker } from "moleculer";
import type { DropLog, DropReason } from "./drop-log.ts";
import { Peers } from "./peers.ts";
import { ANY_INSTANCE, newInstance, openPacket, type PacketHeader, packetKey, sealPacket } from "./sealed-packet.ts";
import { isOtherVersion } from "./version.ts";

/** Authentication of all packets that this node sends and receives. */
export interface PacketAuthentication {
  readonly middleware: Middleware;
  /** Whether another process reported, while this one started, that it runs under the same node id. */
  isNameTaken(): boolean;
}

export interface PacketAuthenticationOptions {
  /** At least one secret of at least 32 bytes. The first one seals; packets of all are accepted. */
  readonly secrets: readonly string[];
  readonly dropped: DropLog;
  /** Milliseconds that another process with this node's id has to report itself before this one starts; 0: no check. */
  readonly nameProbeMs: number;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock?: () => number;
}

/** Types of Moleculer's packets that go to every node; all others name their receiver. */
const TO_EVERY_NODE: ReadonlySet<string> = new Set(["DISCOVER", "INFO", "DISCONNECT", "HEARTBEAT", "PING"]);

type Send = (topic: string, data: Buffer, meta: { packet: { type: string; target?: string | null } }) => Promise<void>;
type Receive = (type: string, data: Buffer, socket?: unknown) => Promise<void> | void;

/**
 * A middleware around the transporter: each packet is sealed when it leaves (`sealed-packet.ts`), and only packets
 * that are authentic, for this instance of this node, recent and new reach Moleculer. Moleculer alone accepts every
 * packet, so that any client of the NATS server could call every action. Its own Encryption middleware has one key, no
 * counter, no authentication, and does not bind a packet to its type and receiver.
 *
 * Packets that were lost between two others are noticed by their ordinals, and reported within this node as
 * `nodes.gap`.
 *
 * Before the first packet the node checks whether its id is taken: Moleculer ends the running node when a second one
 * appears.
 */
export function createPacketAuthentication(options: PacketAuthenticationOptions): PacketAuthentication {
  const { dropped, nameProbeMs, clock = Date.now } = options;
  const [key, ...otherKeys] = options.secrets.map(packetKey);
  if (!key) throw new Error("invariant: there is a secret for packets between nodes");
  const keys = [key, ...otherKeys];
  const instance = newInstance(clock());
  const peers = new Peers();
  let broker: ServiceBroker | undefined;
  let send: Send | undefined;
  let counter = 0;
  /** Number of packets that were sent to the latest known instance of each node. */
  const sent = new Map<string, { readonly instance: string; count: number }>();
  let probe: Promise<void> | undefined;
  const endProbe = new AbortController();
  let isStarting = nameProbeMs > 0;
  let isTaken = false;

  const nodeId = () => broker?.nodeID ?? "";

  const drop = (reason: DropReason, sender?: string): void => dropped.add(reason, sender);

  function ordinalFor(target: string, targetInstance: string): number {
    if (targetInstance === ANY_INSTANCE) return 0;
    const known = sent.get(target);
    const to = known?.instance === targetInstance ? known : { instance: targetInstance, count: 0 };
    sent.set(target, to);
    to.count += 1;
    return to.count;
  }

  function seal(type: string, target: string, targetInstance: string, payload: Buffer): Buffer {
    counter += 1;
    const ordinal = ordinalFor(target, targetInstance);
    const header = { sentAt: clock(), counter, ordinal, sender: nodeId(), instance, target, targetInstance };
    return sealPacket(key as NonNullable<typeof key>, type, header, payload);
  }

  /** Sends an empty packet to the processes with this node's id. Moleculer on the other side never sees it. */
  function sendToNamesakes(type: "PING" | "PONG", targetInstance: string): void {
    const topic = broker?.transit?.tx.getTopicName(type, nodeId());
    if (topic === undefined) return;
    const sealed = seal(type, nodeId(), targetInstance, Buffer.alloc(0));
    send?.(topic, sealed, { packet: { type, target: nodeId() } }).catch(() => undefined);
  }

  async function askForName(): Promise<void> {
    if (!isStarting) return;
    sendToNamesakes("PING", ANY_INSTANCE);
    await delay(nameProbeMs, undefined, { signal: endProbe.signal }).catch(() => undefined);
    isStarting = false;
  }

  /**
   * Handles a packet of another process with this node's id: a check whether the id is taken, a report, or a mistake.
   */
  function handleNamesake(type: string, header: PacketHeader): void {
    drop("name", header.sender);
    if (type === "PONG" && isStarting) {
      isTaken = true;
      endProbe.abort();
    }
    // of two that start at the same time the older one wins
    if (type === "PING" && !(isStarting && header.instance < instance)) sendToNamesakes("PONG", header.instance);
  }

  function isForThisInstance(type: string, { sender, target, targetInstance }: PacketHeader): boolean {
    if (target === "") return TO_EVERY_NODE.has(type) && targetInstance === ANY_INSTANCE;
    if (target !== nodeId()) return false;
    return targetInstance === instance || (type === "PING" && sender === target && targetInstance === ANY_INSTANCE);
  }

  const middleware = {
    name: "PacketAuthentication",
    created(created: ServiceBroker) {
      broker = created;
    },
    transporterSend(next: Send): Send {
      send = next;
      return async (topic, data, meta) => {
        const { type, target } = meta.packet;
        probe ??= askForName();
        if (isStarting) await probe;
        if (isTaken) return;
        const targetInstance = target ? peers.instanceOf(target) : ANY_INSTANCE;
        if (targetInstance === undefined) throw new Error(`no packet of the node ${target} has come yet`);
        return next(topic, seal(type, target ?? "", targetInstance, data), meta);
      };
    },
    transporterReceive(next: Receive): Receive {
      return (type, data, socket) => {
        const opened = openPacket(keys, type, data);
        if (!opened) return drop(isOtherVersion(data) ? "version" : "foreign");
        const { header, payload } = opened;
        if (header.instance === instance) return; // NATS sends a node its own broadcasts
        if (!isForThisInstance(type, header)) return drop("misdirected", header.sender);
        const reason = peers.refuse(header, clock());
        if (reason) return drop(reason, header.sender);
        if (header.sender === nodeId()) return handleNamesake(type, header);
        if (peers.isAfterHole(header)) broker?.broadcastLocal("nodes.gap", {}).catch(() => undefined);
        return next(type, payload, socket);
      };
    },
  };
  // by Moleculer's types these hooks return what the wrapped function returns; they return the wrapping function
  return { middleware: middleware as unknown as Middleware, isNameTaken: () => isTaken };
}
