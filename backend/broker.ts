import { randomUUID } from "node:crypto";
import { type BrokerOptions, INTERNAL_MIDDLEWARES, ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import { authorization } from "./authorization.ts";
import type { Config } from "./config.ts";
import { createValidator } from "./contract/validation.ts";
import { lateStreamMiddlewares } from "./late-streams.ts";
import { BrokerLog } from "./log.ts";
import {
  DropLog,
  HEARTBEAT_SECONDS,
  NatsTransporter,
  NodeChannel,
  NodeDiscoverer,
  PacketAuthentication,
  SILENCE_SECONDS,
  StreamFlow,
} from "./nodes/index.ts";

/** The part of the configuration that a broker needs. */
export type NodeConfig = Pick<Config, "nats" | "nodeId">;

/** Milliseconds for which a starting node waits for a response of another node with the same id. */
const ID_PROBE_MS = 500;

/** The objects that connect a node with the other nodes. */
export interface NodeLinks {
  readonly packets: PacketAuthentication;
  /** Sends events to the sockets of other nodes. */
  readonly channel: NodeChannel;
  /** Streams between actions of different nodes. */
  readonly flow: StreamFlow;
  /** Counts and logs the packets that were dropped. */
  readonly dropped: DropLog;
}

/** Makes the links of a node; undefined without NATS. `clock` in milliseconds since 1970, for all nodes alike. */
export function nodeLinks(
  { nats, nodeId }: NodeConfig,
  log: Logger,
  clock: () => number = Date.now,
): NodeLinks | undefined {
  if (!nats) return undefined;
  // without a configured id a node gets a random one, which no other node has
  const idProbeMs = nodeId === undefined ? 0 : ID_PROBE_MS;
  const dropped = new DropLog(log, clock);
  const { secrets } = nats;
  const packets = new PacketAuthentication({ secrets, dropped, idProbeMs, clock });
  return { packets, channel: new NodeChannel({ secrets, log, dropped, clock }), flow: new StreamFlow(), dropped };
}

/**
 * The broker's options, with its middlewares in the right order: the first of the list is the innermost one. In
 * Moleculer's own order the cache and the validator run first, so that an unauthorized caller would get cached secrets;
 * here authorization runs right before the cache. There is no `call` hook: an asynchronous one mixes up the contexts of
 * concurrent calls (moleculer#1270).
 *
 * Throws a NodesError when a file for NATS cannot be used.
 */
export function brokerOptions(
  config: NodeConfig,
  log: Logger,
  links: NodeLinks | undefined = nodeLinks(config, log),
): BrokerOptions {
  const { nats } = config;
  const alone = nats === undefined;
  const nodeID = config.nodeId ?? `node-${randomUUID()}`;
  const start = randomUUID();
  const discoverer = new NodeDiscoverer();
  const lateStreams = lateStreamMiddlewares();
  let calls = 0;
  return {
    namespace: "causeway",
    nodeID,
    logger: new BrokerLog(log),
    internalServices: false, // $node reveals the broker's options to every caller
    internalMiddlewares: false,
    middlewares: [
      lateStreams.insideTimeout,
      ...INTERNAL_MIDDLEWARES.flatMap((name) => (name === "Cacher" ? [name, authorization] : [name])),
      lateStreams.outsideTimeout,
      ...(links ? [links.packets.middleware, links.flow.middleware] : []),
    ],
    validator: createValidator(),
    transporter: nats ? new NatsTransporter(nats, log, [...(links ? [links.channel] : []), discoverer]) : null,
    // the id of a call has to be unique; it may be guessed
    uidGenerator: () => `${start}-${++calls}`,
    // a call to another node may be lost. A call within the process cannot, and a timer would cost as much as the call
    requestTimeout: alone ? 0 : 10_000,
    maxCallLevel: 20,
    // a node that dies is noticed after 12 to 14 s: no call is sent to it any more, and its users count as offline
    heartbeatInterval: HEARTBEAT_SECONDS,
    heartbeatTimeout: SILENCE_SECONDS,
    // no debounce: other nodes have to know a new node before its port opens, or what they broadcast within that second
    // does not reach its sockets. A chunk of a stream has to fit into a packet of NATS, as JSON
    transit: { serviceChangedDebounceTime: 0, maxChunkSize: 32 * 1024 } as NonNullable<BrokerOptions["transit"]>,
    // when the node stops, the gateway finishes the calls of clients, and this finishes the calls of other nodes
    tracking: { enabled: !alone, shutdownTimeout: 5_000 },
    registry: { discoverer, stopDelay: alone ? 0 : 100 } as unknown as NonNullable<BrokerOptions["registry"]>,
    skipProcessEventRegistration: true, // main.ts decides what a signal does
  };
}

export function createBroker(config: NodeConfig, log: Logger, links?: NodeLinks): ServiceBroker {
  const broker = new ServiceBroker(brokerOptions(config, log, links));
  if (links) broker.createService(links.flow.service);
  return broker;
}
