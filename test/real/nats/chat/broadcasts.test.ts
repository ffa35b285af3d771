import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { connect, type NatsConnection } from "nats";
import type { Socket } from "socket.io-client";
import { channelOf } from "../../../../backend/chat/channel.ts";
import { PACKET_COUNTS, SHARDS, shardOf, subjectName } from "../../../../backend/nodes/subjects.ts";
import { emit } from "../../../backend/socket-calls.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../../postgres/cluster.ts";
import { type NatsServer, nodeEnv, startNats } from "../nats-server.ts";

/*
 * Which nodes get a broadcast, and what a client of the NATS server can do with what it reads there.
 */

let nats: NatsServer;
let cluster: Cluster;
let monitor: string;
beforeAll(async () => {
  const monitorPort = 18_222 + (process.pid % 1000);
  monitor = `http://127.0.0.1:${monitorPort}`;
  [nats, cluster] = await Promise.all([startNats({ configuration: `http_port: ${monitorPort}\n` }), startCluster()]);
});
afterAll(() => Promise.all([nats.stop(), cluster.stop()]));

let database: { url: string; remove(): Promise<void> };
let nodes: TestBackend[];
let eve: NatsConnection;
beforeEach(async () => {
  database = await cluster.database();
  nodes = [];
  for (const name of ["one", "two", "three"]) nodes.push(await startNode(name));
  while (!nodes.every(({ broker }) => broker.registry.getNodeList({ onlyAvailable: true }).length === 3))
    await delay(20);
  eve = await connect({ servers: nats.url });
});
afterEach(async () => {
  await eve.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await database.remove();
});

const startNode = (name: string) =>
  startTestBackend({
    config: { ...nodeEnv(nats.url), DATABASE_URL: database.url, NODE_ID: name, INTERNAL_PORT: "0" },
  });

async function dropped({ backend }: TestBackend): Promise<Record<string, number>> {
  const text = await (await fetch(`${backend.internalUrl}/metrics`)).text();
  const lines = text.matchAll(/^causeway_node_packets_dropped_total\{reason="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, reason, count]) => [reason, Number(count)]));
}

/** Subjects of room shards to which each connection of a node subscribes, read from the server. */
async function subscribed(): Promise<string[][]> {
  const { connections } = (await (await fetch(`${monitor}/connz?subs=1`)).json()) as {
    connections: { name?: string; subscriptions_list?: string[] }[];
  };
  const isShard = (subject: string) => /CAST\.\d+$/.test(subject) && Number(subject.split(".").at(-1)) < SHARDS;
  return connections
    .filter(({ name }) => name === "causeway")
    .map(({ subscriptions_list = [] }) => subscriptions_list.filter(isShard));
}

interface Member {
  readonly person: TestUser;
  readonly socket: Socket;
  readonly heard: string[];
  say(text: string): Promise<void>;
}

let serial = 0;
async function member(node: TestBackend, room: string, known?: TestUser): Promise<Member> {
  const person = known ?? (await (nodes[0] ?? node).registerUser());
  const socket = await node.connect(person.accessToken);
  const heard: string[] = [];
  socket.on("message", ({ text }: { text: string }) => heard.push(text));
  expect((await emit(socket, "call", "chat.join", { room })).error).toBeNull();
  const say = async (text: string) => {
    const params = { room, text, clientId: `b${++serial}` };
    expect((await emit(socket, "call", "chat.send", params)).error).toBeNull();
  };
  return { person, socket, heard, say };
}

/** Waits until a condition holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}

test("N5: a message reaches the nodes that have a member of its room, and no other node subscribes to it", async () => {
  const [one, two, three] = nodes as [TestBackend, TestBackend, TestBackend];
  const [ada, bob] = [await member(one, "garden"), await member(two, "garden")];
  const carol = await member(three, "shed");
  const subjects: string[] = [];
  eve.subscribe("MOL-causeway.>", { callback: (_, { subject }) => void subjects.push(subject) });
  await eve.flush();
  for (let n = 0; n < 20; n += 1) await ada.say(`message ${n}`);
  await until(() => bob.heard.length === 20);
  expect(bob.heard).toEqual(ada.heard);
  expect(carol.heard).toEqual([]);
  const garden = subjectName(shardOf(channelOf("garden")));
  await eve.flush();
  // messages that follow each other closely share a packet
  const packets = subjects.filter((subject) => subject === garden).length;
  expect(packets > 0 && packets <= 20).toBe(true);
  // Moleculer sends no event for a message
  expect(subjects.filter((subject) => /\.EVENT[B.]/.test(subject) && !/presence/.test(subject)).length).toBeLessThan(
    20,
  );
  const shards = (await subscribed()).map((list) => list.sort());
  expect(shards.filter((list) => list.includes(garden)).length).toBe(2);
  expect(shards.flat().sort()).toEqual([garden, garden, subjectName(shardOf(channelOf("shed")))].sort());
});

test("N5: forged, replayed and misdirected broadcasts are dropped, on every subject", async () => {
  const [one, two] = nodes as [TestBackend, TestBackend];
  const [ada, bob] = [await member(one, "garden"), await member(two, "garden")];
  const recorded: Uint8Array[] = [];
  const garden = subjectName(shardOf(channelOf("garden")));
  eve.subscribe(garden, { callback: (_, { data }) => void recorded.push(Uint8Array.from(data)) });
  await eve.flush();
  await ada.say("once");
  await until(() => bob.heard.length === 1 && recorded.length === 1);
  const before = await dropped(two);
  const [packet = new Uint8Array()] = recorded;
  const forged = Uint8Array.from(packet);
  const at = Buffer.from(forged).indexOf("once");
  forged.set(Buffer.from("twice"), at - 1);
  eve.publish(garden, packet);
  eve.publish(garden, forged);
  eve.publish(garden, new Uint8Array());
  eve.publish(garden, Buffer.alloc(900_000, 1));
  eve.publish(subjectName(SHARDS), packet);
  eve.publish(subjectName(PACKET_COUNTS), packet);
  await eve.flush();
  const more = async (reason: string) => ((await dropped(two))[reason] ?? 0) - (before[reason] ?? 0);
  await until(async () => (await more("misdirected")) === 2);
  // the 900,000 bytes begin with 1, which is the version of older packets
  expect([await more("replayed"), await more("foreign"), await more("version")]).toEqual([1, 2, 1]);
  await ada.say("after");
  await until(() => bob.heard.length === 2);
  expect(bob.heard).toEqual(["once", "after"]);
});

test("N5: a broadcast that was recorded is not accepted by a node that starts afterwards", async () => {
  const [one, two] = nodes as [TestBackend, TestBackend];
  const [ada, bob] = [await member(one, "garden"), await member(two, "garden")];
  const recorded: { subject: string; data: Uint8Array }[] = [];
  eve.subscribe("MOL-causeway.CAST.>", {
    callback: (_, { subject, data }) => void recorded.push({ subject, data: Uint8Array.from(data) }),
  });
  await eve.flush();
  bob.socket.emit("call", "chat.typing", { room: "garden" });
  await ada.say("recorded");
  await until(
    () => recorded.filter(({ subject }) => subject === subjectName(shardOf(channelOf("garden")))).length >= 2,
  );
  const four = await startNode("four");
  nodes.push(four);
  const dora = await member(four, "garden");
  const typing: unknown[] = [];
  dora.socket.on("typing", (event) => typing.push(event));
  const before = (await dropped(four)).time ?? 0;
  const replayed = recorded.splice(0);
  for (const { subject, data } of replayed) eve.publish(subject, data);
  await until(async () => ((await dropped(four)).time ?? 0) >= before + 2);
  expect([typing, dora.heard]).toEqual([[], []]);
});

test("N5: a node's own broadcasts that a client of NATS sends back to it are dropped", async () => {
  const [one, two] = nodes as [TestBackend, TestBackend];
  const [ada, bob] = [await member(one, "garden"), await member(one, "garden")];
  await member(two, "garden");
  const typing: unknown[] = [];
  ada.socket.on("typing", (event) => typing.push(event));
  const recorded: Uint8Array[] = [];
  const garden = subjectName(shardOf(channelOf("garden")));
  eve.subscribe(garden, { callback: (_, { data }) => void recorded.push(Uint8Array.from(data)) });
  await eve.flush();
  bob.socket.emit("call", "chat.typing", { room: "garden" });
  await until(() => recorded.length === 1 && typing.length === 1);
  const before = (await dropped(one)).replayed ?? 0;
  for (const packet of recorded.splice(0)) eve.publish(garden, packet);
  await until(async () => ((await dropped(one)).replayed ?? 0) > before || typing.length > 1);
  expect(typing.length).toBe(1);
});

test("N5: rooms that do not let a user in leave no subscription behind", async () => {
  const [one] = nodes as [TestBackend];
  const ada = await member(one, "garden");
  for (let n = 0; n < 20; n += 1) {
    const room = `~${String(n).padStart(22, "x")}`;
    expect((await emit(ada.socket, "call", "chat.join", { room })).error?.code).toBe("NOT_FOUND");
  }
  // the node ends a subscription after it has responded
  await until(async () => (await subscribed()).flat().length === 1);
  expect((await subscribed()).flat()).toEqual([subjectName(shardOf(channelOf("garden")))]);
});

test("N5: joins and leaves under load lose and double nothing, on whichever node", async () => {
  const [one, two, three] = nodes as [TestBackend, TestBackend, TestBackend];
  const ada = await member(one, "garden");
  const bob = await one.registerUser();
  let isOver = false;
  const talk = (async () => {
    for (let n = 1; !isOver; n += 1) await ada.say(String(n));
  })();
  const rounds: { first: number; heard: number[] }[] = [];
  for (let round = 0; round < 30; round += 1) {
    const node = round % 2 === 0 ? two : three;
    const socket = await node.connect(bob.accessToken);
    const heard: number[] = [];
    socket.on("message", ({ seq }: { seq: number }) => heard.push(seq));
    const { result } = await emit(socket, "call", "chat.join", { room: "garden" });
    const { seq } = result as { seq: number };
    await until(() => heard.length >= 5);
    rounds.push({ first: seq + 1, heard: [...heard] });
    socket.close();
  }
  isOver = true;
  await talk;
  for (const { first, heard } of rounds) expect(heard).toEqual(heard.map((_, n) => first + n));
});

test("N5: the clients of a node that is stopped and started again hear each message once", async () => {
  const [one, two] = nodes as [TestBackend, TestBackend];
  const bob = await member(one, "garden");
  const ada = await one.registerUser();
  const first = await member(two, "garden", ada);
  await first.say("before");
  await two.stop();
  const again = await startNode("two");
  nodes[1] = again;
  const second = await member(again, "garden", ada);
  await second.say("after");
  await until(() => bob.heard.length === 2); // between nodes a message may come before an earlier one
  await bob.say("to the new one");
  await until(() => bob.heard.length === 3 && second.heard.length === 2);
  expect(bob.heard).toEqual(["before", "after", "to the new one"]);
  expect(second.heard).toEqual(["after", "to the new one"]);
});
