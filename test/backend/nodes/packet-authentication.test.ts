import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type BrokerOptions, type Context, ServiceBroker } from "moleculer";
import { type Logger, pino } from "pino";
import { DropLog, PacketAuthentication } from "../../../backend/nodes/index.ts";
import { VERSION } from "../../../backend/nodes/version.ts";

/*
 * Nodes on Moleculer's transporter within one process: what one sends arrives at all in the same turn of the event
 * loop.
 */

const SECRET = "a secret of the nodes of this site";
const OTHER = "another secret, from next month on";

interface Node {
  readonly broker: ServiceBroker;
  readonly packets: PacketAuthentication | undefined;
  readonly drops: DropLog;
  readonly log: Record<string, unknown>[];
  /** Every packet that arrived: its type and bytes. */
  readonly arrived: { type: string; data: Buffer }[];
  /** Lets bytes arrive as a packet. */
  inject(type: string, data: Buffer): unknown;
}

let namespace: string;
let clock: { now: number };
const running: ServiceBroker[] = [];
beforeEach(() => {
  namespace = randomUUID();
  clock = { now: 1_790_000_000_000 };
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((broker) => broker.stop()));
});

function logOf(lines: Record<string, unknown>[]): Logger {
  return pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) });
}

/** A node that is not started yet; without secrets it is a foreign one. */
function nodeOf(nodeID: string, secrets: readonly string[], idProbeMs = 0): Node {
  const log: Record<string, unknown>[] = [];
  const arrived: Node["arrived"] = [];
  const drops = new DropLog(logOf(log), () => clock.now);
  const options = { secrets, dropped: drops, idProbeMs, clock: () => clock.now };
  const packets = secrets.length > 0 ? new PacketAuthentication(options) : undefined;
  let inject: Node["inject"] | undefined;
  const recorder = {
    name: "Recorder",
    transporterReceive(next: (type: string, data: Buffer) => unknown) {
      inject = next;
      return (type: string, data: Buffer) => {
        arrived.push({ type, data });
        return next(type, data);
      };
    },
  };
  const middlewares = [recorder, ...(packets ? [packets.middleware] : [])] as NonNullable<BrokerOptions["middlewares"]>;
  const broker = new ServiceBroker({
    nodeID,
    namespace,
    transporter: "Fake",
    logger: false,
    middlewares,
    requestTimeout: 300,
    registry: { stopDelay: 0 },
    transit: { serviceChangedDebounceTime: 0 } as NonNullable<BrokerOptions["transit"]>,
  });
  running.push(broker);
  broker.createService({
    name: nodeID,
    actions: {
      greet: (ctx: Context<{ name: string }>) => `${nodeID} greets ${ctx.params.name}`,
      read: (ctx: Context) => text((ctx as unknown as { stream: Readable }).stream),
      write: () => Readable.from(["one ", "two"]),
    },
  });
  return { broker, packets, drops, log, arrived, inject: (type, data) => inject?.(type, data) };
}

async function start(...nodes: Node[]): Promise<void> {
  await Promise.all(nodes.map(({ broker }) => broker.start()));
}

const dropped = ({ drops }: Node) => Object.fromEntries([...drops.counts].filter(([, count]) => count > 0));
const greet = (from: Node, to: string) => from.broker.call(`${to}.greet`, { name: from.broker.nodeID });
const lastOf = ({ arrived }: Node, type: string) => arrived.findLast((packet) => packet.type === type)?.data as Buffer;
const knows = (node: Node) => node.broker.registry.getNodeList({ onlyAvailable: true }).map(({ id }) => id);

test("nodes with one secret find each other, call each other, send events, streams and pings", async () => {
  const [one, two] = [nodeOf("one", [SECRET]), nodeOf("two", [SECRET])];
  const heard: unknown[] = [];
  one.broker.createService({ name: "listener", events: { "a.thing": (ctx: Context) => void heard.push(ctx.params) } });
  await start(one, two);
  await two.broker.waitForServices(["one", "listener"], 2000, 5);
  await one.broker.waitForServices("two", 2000, 5);
  expect(await greet(one, "two")).toBe("two greets one");
  expect(await greet(two, "one")).toBe("one greets two");
  await two.broker.broadcast("a.thing", { big: "x".repeat(100_000) });
  expect(heard).toEqual([{ big: "x".repeat(100_000) }]);
  const stream = Readable.from([Buffer.from("chunk "), Buffer.from("after chunk")]);
  expect(await two.broker.call("one.read", null, { stream } as object)).toBe("chunk after chunk");
  expect(await text((await one.broker.call("two.write")) as Readable)).toBe("one two");
  expect(await one.broker.ping("two")).toMatchObject({ nodeID: "two" });
  await two.broker.stop();
  expect(knows(one)).toEqual(["one"]);
  expect([dropped(one), dropped(two)]).toEqual([{}, {}]);
  const types = new Set([...one.arrived, ...two.arrived].map(({ type }) => type));
  expect([...types].sort()).toEqual(["DISCONNECT", "DISCOVER", "EVENT", "INFO", "PING", "PONG", "REQ", "RES"]);
});

test("S7: a node without the secret learns nothing, calls nothing and tells nothing, whatever it sends", async () => {
  const [one, foreign, other] = [nodeOf("one", [SECRET]), nodeOf("eve", []), nodeOf("mallory", [OTHER])];
  const heard: unknown[] = [];
  one.broker.createService({
    name: "listener",
    events: { "session.ended": (ctx: Context) => void heard.push(ctx.params) },
  });
  await start(one, foreign, other);
  expect([knows(one), knows(foreign), knows(other)]).toEqual([["one"], ["eve"], ["mallory"]]);
  // the foreign node knows the name of the action and of the node, and sends the packet by itself
  const { tx } = foreign.broker.transit as unknown as {
    tx: {
      send(topic: string, data: Buffer, meta: object): Promise<void>;
      getTopicName(type: string, node?: string): string;
    };
  };
  const common = { ver: foreign.broker.PROTOCOL_VERSION, sender: "eve", id: "1", meta: {}, level: 1, tracing: null };
  const packets: [string, object][] = [
    ["REQ", { ...common, action: "one.greet", params: { name: "eve" } }],
    ["EVENT", { ...common, event: "session.ended", data: {}, broadcast: true }],
    ["RES", { ...common, success: true, data: "forged" }],
    ["INFO", { ...common, sender: "one", services: [], instanceID: "x", seq: 1 }],
    ["DISCOVER", common],
    ["DISCONNECT", common],
    ["HEARTBEAT", { ...common, cpu: 1 }],
    ["PING", { ...common, time: 1 }],
    ["PONG", { ...common, time: 1, arrived: 1 }],
  ];
  const before = one.drops.counts.get("foreign") ?? 0;
  const answers = foreign.arrived.length;
  for (const [type, body] of packets) {
    const meta = { packet: { type, target: "one" } };
    await tx.send(tx.getTopicName(type, "one"), Buffer.from(JSON.stringify(body)), meta);
    one.inject(type, Buffer.from(JSON.stringify(body)));
  }
  // DISCONNECT and HEARTBEAT have no topic of one node, so that they came by `inject` alone
  expect((one.drops.counts.get("foreign") ?? 0) - before).toBe(2 * packets.length - 2);
  expect(foreign.arrived.length).toBe(answers);
  expect(heard).toEqual([]);
  expect(knows(one)).toEqual(["one"]);
  expect(one.broker.started).toBe(true);
});

test("S7: a packet that arrives again is dropped: a call runs once", async () => {
  const [one, two] = [nodeOf("one", [SECRET]), nodeOf("two", [SECRET])];
  let runs = 0;
  one.broker.createService({ name: "once", actions: { run: () => ++runs }, events: { thing: () => void ++runs } });
  await start(one, two);
  await two.broker.waitForServices("once", 2000, 5);
  await two.broker.call("once.run");
  await two.broker.broadcast("thing");
  expect(runs).toBe(2);
  for (const { type, data } of [...one.arrived]) one.inject(type, data);
  await two.broker.call("once.run");
  expect(runs).toBe(3);
  expect(dropped(one).replayed).toBeGreaterThanOrEqual(3);
  expect(dropped(one)).toEqual({ replayed: expect.any(Number) });
});

test("S7: a packet to one node is not accepted by another, nor by the same after its restart", async () => {
  const [one, two, three] = [nodeOf("one", [SECRET]), nodeOf("two", [SECRET]), nodeOf("three", [SECRET])];
  await start(one, two, three);
  await two.broker.waitForServices("one", 2000, 5);
  await greet(two, "one");
  const request = lastOf(one, "REQ");
  three.inject("REQ", request);
  expect(dropped(three)).toEqual({ misdirected: 1 });
  await one.broker.stop();
  clock.now += 1000;
  const again = nodeOf("one", [SECRET]);
  await start(again);
  again.inject("REQ", request);
  expect(dropped(again)).toEqual({ misdirected: 1 });
  await two.broker.waitForServices("one", 2000, 5);
  expect(await greet(two, "one")).toBe("one greets two");
});

test("S7: a packet that was held back for more than 30 s is dropped", async () => {
  const [one, two] = [nodeOf("one", [SECRET]), nodeOf("two", [SECRET])];
  await start(one, two);
  await two.broker.waitForServices("one", 2000, 5);
  const { tx } = one.broker.transit as unknown as { tx: { receive: unknown } };
  const receive = tx.receive;
  tx.receive = () => undefined; // the packet does not arrive, but is recorded by the third party below
  const held: Buffer[] = [];
  (globalThis as unknown as { bus: NodeJS.EventEmitter }).bus.on(`MOL-${namespace}.REQ.one`, (data: Buffer) =>
    held.push(data),
  );
  await expect(greet(two, "one")).rejects.toThrow(/timed out/);
  tx.receive = receive;
  clock.now += 30_001;
  one.inject("REQ", held[0] as Buffer);
  expect(dropped(one)).toEqual({ time: 1 });
});

test("S7: both secrets are accepted while they are changed, in three steps, each node after the other", async () => {
  const steps = [[SECRET], [SECRET, OTHER], [OTHER, SECRET], [OTHER]];
  for (let step = 1; step < steps.length; step += 1) {
    const [before, after] = [nodeOf("before", steps[step - 1] ?? []), nodeOf("after", steps[step] ?? [])];
    await start(before, after);
    await Promise.all([
      before.broker.waitForServices("after", 2000, 5),
      after.broker.waitForServices("before", 2000, 5),
    ]);
    expect(await greet(before, "after")).toBe("after greets before");
    expect(await greet(after, "before")).toBe("before greets after");
    await Promise.all([before.broker.stop(), after.broker.stop()]);
  }
});

test("a packet of a node of another version has its own line in the log, which says what to do", async () => {
  const one = nodeOf("one", [SECRET]);
  await start(one);
  one.inject("REQ", Buffer.from("{}"));
  for (let n = 0; n < 5; n += 1) one.inject("INFO", Buffer.from([VERSION - 1, 0, 0]));
  expect(one.log[1]).toMatchObject({
    reason: "version",
    msg: expect.stringMatching(
      /^packets of nodes of another version were dropped: .* Stop the nodes of the older one$/,
    ),
  });
  expect([one.log.length, dropped(one)]).toEqual([2, { foreign: 1, version: 5 }]);
});

test("dropped packets are one line of the log in a minute, with their number", async () => {
  const one = nodeOf("one", [SECRET]);
  await start(one);
  for (let n = 0; n < 500; n += 1) one.inject("REQ", Buffer.from("{}"));
  expect(one.log).toEqual([expect.objectContaining({ level: 40, reason: "foreign", count: 1 })]);
  clock.now += 60_000;
  one.inject("REQ", Buffer.from("{}"));
  expect(one.log[1]).toMatchObject({ reason: "foreign", count: 500 });
  expect(dropped(one)).toEqual({ foreign: 501 });
});

test("O17: a second node with the same id learns that it is taken, and the running one goes on", async () => {
  const [first, witness] = [nodeOf("one", [SECRET], 200), nodeOf("two", [SECRET])];
  await start(first, witness);
  await witness.broker.waitForServices("one", 2000, 5);
  clock.now += 1000;
  const second = nodeOf("one", [SECRET], 200);
  await start(second);
  expect([first, second].map(({ packets }) => packets?.isNodeIdTaken())).toEqual([false, true]);
  await second.broker.stop();
  expect(await greet(witness, "one")).toBe("one greets two");
  expect(await greet(first, "two")).toBe("two greets one");
  expect(knows(witness).sort()).toEqual(["one", "two"]);
  expect(first.broker.started).toBe(true);
  expect(first.log).toContainEqual(expect.objectContaining({ reason: "name" }));
  // once it has ended, its id is free
  await first.broker.stop();
  clock.now += 1000;
  const third = nodeOf("one", [SECRET], 200);
  await start(third);
  expect(third.packets?.isNodeIdTaken()).toBe(false);
});

test("O17: of two nodes with one id that start at the same time, the older one runs", async () => {
  const older = nodeOf("one", [SECRET], 200);
  clock.now += 1;
  const younger = nodeOf("one", [SECRET], 200);
  await start(older, younger);
  expect([older, younger].map(({ packets }) => packets?.isNodeIdTaken())).toEqual([false, true]);
});
