import { beforeEach, expect, jest, test } from "@jest/globals";
import { pino } from "pino";
import { Inbox } from "../../../backend/nodes/inbox.ts";
import { type Delivery, DropLog } from "../../../backend/nodes/index.ts";
import { NodeOutbox } from "../../../backend/nodes/outbox.ts";
import { PACKET_COUNTS, shardOf, TO_EVERY_NODE } from "../../../backend/nodes/subjects.ts";
import { Subscriptions } from "../../../backend/nodes/subscriptions.ts";
import { VERSION } from "../../../backend/nodes/version.ts";

/*
 * What one node sends and another receives, without the NATS server between them: the test carries the packets.
 */

const SECRET = "a secret of the nodes of this site";
const log = pino({ enabled: false });
const START = 1_790_000_000_000;
let now: number;
const clock = () => now;

interface Packet {
  readonly subject: number;
  readonly packet: Buffer;
}

const to = (channel: string | undefined, text: string, users?: string[]): Delivery => ({
  ...{ kind: "entry", channel, users, except: undefined, epoch: "e", position: 1, text: Buffer.from(text) },
});

let sent: Packet[];
let outbox: NodeOutbox;
const newOutbox = (secret = SECRET) =>
  new NodeOutbox({
    ...{ secret, clock },
    publish: (subject, packet) => void sent.push({ subject, packet }),
    failed: (error) => void failures.push(error),
  });
const failures: unknown[] = [];
beforeEach(() => {
  now = START;
  sent = [];
  failures.length = 0;
  outbox = newOutbox();
});

/** Sends a message to each of these channels, each in a batch of its own. */
function sendTo(...channels: string[]): void {
  for (const channel of channels) {
    outbox.add(to(channel, channel));
    outbox.flush();
  }
}

/** A node that wants these channels. */
const nodeIn = (...channels: string[]) => nodeAs("", ...channels);

/** A node that sends as this instance. */
function nodeAs(instance: string, ...channels: string[]) {
  const subscriptions = new Subscriptions({
    subscribe: () => () => undefined,
    confirm: async () => undefined,
    ended: (subject) => inbox.forget(subject),
  });
  const drops = new DropLog(log, clock);
  const inbox = new Inbox({ secrets: [SECRET], log, dropped: drops, clock, subscriptions, instance });
  for (const channel of channels) subscriptions.add(channel);
  const texts: string[] = [];
  const missed: string[][] = [];
  inbox.receiver = {
    deliver: ({ text }) => void texts.push(Buffer.from(text).toString()),
    missed: (some) => void missed.push([...some]),
  };
  return {
    ...{ subscriptions, inbox, texts, missed },
    dropped: () => Object.fromEntries([...drops.counts].filter(([, count]) => count > 0)),
    /** Takes packets, and lets the turn of the event loop end. */
    async take(...packets: readonly Packet[]) {
      for (const { subject, packet } of packets) inbox.take(subject, packet);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("packets of a node of another version are dropped for that reason; other bytes are foreign", async () => {
  const node = nodeIn("garden");
  sendTo("garden");
  const [{ subject, packet }] = sent as [Packet];
  const begun = (first: number) => ({ subject, packet: Buffer.from([first, ...packet.subarray(1)]) });
  await node.take(...[VERSION - 1, VERSION + 1, 0, "{".charCodeAt(0)].map(begun));
  expect([node.texts, node.dropped()]).toEqual([[], { version: 2, foreign: 2 }]);
});

test("N5: what goes to one channel is one packet for each batch, on the subject of the channel's shard", async () => {
  const node = nodeIn("garden");
  for (const text of ["one", "two"]) outbox.add(to("garden", text));
  outbox.add(to("shed", "three"));
  outbox.add(to("garden", "four", ["ada"]));
  outbox.add(to(undefined, "five"));
  outbox.flush();
  expect(sent.map(({ subject }) => subject)).toEqual([shardOf("garden"), shardOf("shed"), TO_EVERY_NODE]);
  await node.take(...sent);
  expect(node.texts).toEqual(["one", "two", "four", "five"]);
  expect([node.missed, node.dropped()]).toEqual([[], {}]);
});

test("N5: a broadcast after a pause is sent in the same turn; those right after it wait for one batch, 4 ms at most", () => {
  jest.useFakeTimers();
  try {
    const sentIn = (ms: number) => {
      jest.advanceTimersByTime(ms);
      return sent.length;
    };
    const add = () => outbox.add(to("garden", "x"));
    sentIn(100);
    add();
    expect([sent.length, sentIn(0)]).toEqual([0, 1]);
    add();
    expect(sentIn(2)).toBe(1);
    add();
    expect([sentIn(1), sentIn(1), sentIn(100)]).toEqual([1, 2, 2]);
    add();
    expect(sentIn(0)).toBe(3);
  } finally {
    jest.useRealTimers();
  }
});

test("N5: a batch that is too large for one packet is several", async () => {
  const node = nodeIn("garden");
  for (let n = 0; n < 5; n += 1) outbox.add(to("garden", "x".repeat(100_000)));
  outbox.flush();
  expect(sent.map(({ packet }) => packet.length < 300_000)).toEqual([true, true, true]);
  await node.take(...sent);
  expect([node.texts.length, node.missed]).toEqual([5, []]);
});

test("N5: a packet that did not come is missed when the next of its subject comes, for the channels of that subject", async () => {
  const node = nodeIn("garden", "shed");
  sendTo("garden", "garden", "garden", "shed");
  const [first, , third, shed] = sent as [Packet, Packet, Packet, Packet];
  await node.take(first, third, shed);
  expect([node.texts, node.missed]).toEqual([["garden", "garden", "shed"], [["garden"]]]);
});

test("N5: a packet that did not come and that no other follows is missed by the packet counts, of which one may be lost", async () => {
  const node = nodeIn("garden", "shed");
  sendTo("shed", "garden");
  const [shed] = sent.splice(0) as [Packet];
  await node.take(shed);
  outbox.sendPacketCounts();
  sent.length = 0; // these are lost as well
  outbox.sendPacketCounts();
  outbox.sendPacketCounts();
  expect(sent.map(({ subject }) => subject)).toEqual([PACKET_COUNTS, PACKET_COUNTS]);
  await node.take(...sent);
  expect(node.missed).toEqual([["garden"]]);
});

test("N5: after a cut all subjects are counted, so that none of what was sent meanwhile is missed silently", async () => {
  const node = nodeIn("garden", "shed");
  sendTo("garden", "shed");
  await node.take(...sent.splice(0));
  sendTo("garden", "shed");
  for (let n = 0; n < 5; n += 1) outbox.sendPacketCounts();
  sent.length = 0;
  outbox.sendPacketCounts(true);
  await node.take(...sent);
  expect(node.missed.sort()).toEqual([["garden"], ["shed"]]);
});

test("N2: a loss is noticed on a subject that is always counted, also after a silence, and by a node that was cut off for long", async () => {
  outbox.alwaysCount(shardOf("/jobs"));
  outbox.sendPacketCounts();
  sendTo("/jobs", "/jobs");
  for (let n = 0; n < 5; n += 1) outbox.sendPacketCounts();
  const node = nodeIn("/jobs");
  // it has started after all of that was sent, and the first packet counts that come tell it where the sender is
  await node.take(...sent.slice(-1));
  node.missed.length = 0;
  sent.length = 0;
  sendTo("/jobs");
  await node.take(...sent);
  expect(node.missed).toEqual([]);
  sent.length = 0;
  sendTo("/jobs", "/jobs");
  await node.take(...sent.slice(1));
  expect(node.missed).toEqual([["/jobs"]]);

  // the sender is forgotten meanwhile
  now += 120_000;
  sent.length = 0;
  sendTo("/jobs");
  outbox.sendPacketCounts();
  await node.take(...sent.slice(1));
  expect(node.missed).toEqual([["/jobs"], ["/jobs"]]);
});

test("N5: a node that subscribes between two packets looks for what came before, once; and so after it was away", async () => {
  const node = nodeIn();
  sendTo("garden", "garden");
  node.subscriptions.add("garden");
  await node.take(...sent.slice(1));
  expect(node.missed).toEqual([["garden"]]);
  node.subscriptions.remove("garden", 0);
  node.subscriptions.sweep(60_000);
  sendTo("garden");
  node.subscriptions.add("garden");
  outbox.sendPacketCounts();
  await node.take(...sent.slice(3));
  expect(node.missed).toEqual([["garden"], ["garden"]]);
});

test("N5: a sender that has restarted is numbered anew", async () => {
  const node = nodeIn("garden");
  sendTo("garden", "garden");
  await node.take(...sent.splice(0));
  outbox = newOutbox();
  sendTo("garden", "garden");
  await node.take(...sent);
  expect([node.texts.length, node.missed, node.dropped()]).toEqual([4, [], {}]);
});

test("N5: repeated packets, those of another subject and those of another secret are dropped and counted", async () => {
  const node = nodeIn("garden");
  sendTo("garden");
  const [packet] = sent.splice(0) as [Packet];
  outbox = newOutbox("a secret of the nodes of another site");
  sendTo("garden");
  const [foreign] = sent as [Packet];
  await node.take(
    packet,
    packet,
    { ...packet, subject: PACKET_COUNTS },
    { ...packet, subject: TO_EVERY_NODE },
    foreign,
  );
  expect([node.texts, node.dropped()]).toEqual([["garden"], { replayed: 1, misdirected: 2, foreign: 1 }]);
});

test("N5: what a client of NATS sends back to the node that sent it reaches none of its sockets and compares no channel", async () => {
  const node = nodeAs(outbox.instance, "garden");
  sendTo("garden", "garden");
  outbox.add({ ...to("garden", "", ["ada"]), kind: "left" });
  outbox.sendPacketCounts();
  await node.take(...sent);
  expect([node.texts, node.missed, node.dropped()]).toEqual([[], [], { replayed: 4 }]);
});

test("N5: the end of a membership goes at once, after what was sent before it, also right after another batch", async () => {
  sendTo("shed");
  sent = [];
  outbox.add(to("garden", "before"));
  outbox.add({ ...to("garden", "", ["ada"]), kind: "left" });
  outbox.add(to("garden", "after"));
  expect(sent.map(({ subject }) => subject)).toEqual([shardOf("garden")]);
  outbox.flush();
  const node = nodeIn("garden");
  await node.take(...sent);
  expect(node.texts).toEqual(["before", "", "after"]);
});

test("N5: a delivery that cannot be handled does not stop the others", async () => {
  const node = nodeIn("garden");
  const { deliver } = node.inbox.receiver ?? {};
  let calls = 0;
  node.inbox.receiver = {
    missed: () => undefined,
    deliver(delivery) {
      calls += 1;
      if (calls === 1) throw new Error("once");
      deliver?.(delivery);
    },
  };
  sendTo("garden", "garden");
  await node.take(...sent);
  expect(node.texts).toEqual(["garden"]);
});

test("N5: a delivery that cannot be written does not stop those to other subjects", () => {
  outbox.add({ ...to("garden", "x"), epoch: undefined as never });
  outbox.add(to("shed", "y"));
  outbox.flush();
  expect([sent.map(({ subject }) => subject), failures.length]).toEqual([[shardOf("shed")], 1]);
});
