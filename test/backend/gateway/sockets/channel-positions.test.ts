import { expect, test } from "@jest/globals";
import type { EventPosition } from "../../../../backend/contract/index.ts";
import type { ChannelPosition, Subscription } from "../../../../backend/gateway/index.ts";
import { ChannelComparison } from "../../../../backend/gateway/sockets/channel-comparison.ts";
import { ChannelPositions } from "../../../../backend/gateway/sockets/channel-positions.ts";
import { eventOf, type SocketEvent } from "../../../../backend/gateway/sockets/socket-event.ts";

const event = (position: EventPosition) =>
  eventOf({ channel: "garden", event: "drain", payload: {} as never, position });
const message = (seq: number, epoch = "e") => event({ epoch, seq });
const change = (revision: number) => event({ epoch: "e", revision });
const at = (seq: number, revision = 2, epoch = "e"): ChannelPosition => ({ channel: "garden", epoch, seq, revision });
const subscription = (channel: string, seq = 0, revision = 0): Subscription => ({
  ...{ channel, epoch: "e", seq, revision, since: 0, isPartial: false },
});
const joined = subscription("garden", 5, 2);

function positionsAt(state = joined) {
  const holes: string[] = [];
  const positions = new ChannelPositions((channel) => void holes.push(channel));
  positions.noteSubscription(state);
  const sent = (...events: SocketEvent[]) => events.map((one) => positions.recordEvent(one));
  const known = () => [...positions.batches(10)].flat();
  return { positions, holes, sent, known };
}

test("N6: a message is sent once, whether it comes early, late or again", () => {
  const { sent, known, holes, positions } = positionsAt();
  expect(sent(message(5), message(6), message(6), message(9), message(8), message(9))).toEqual([
    ...[false, true, false, true, true, false],
  ]);
  expect(known()).toEqual([at(6)]);
  expect(holes).toEqual(["garden", "garden"]);
  expect(positions.hasGap("garden")).toBe(true);
  expect(sent(message(7))).toEqual([true]);
  expect(known()).toEqual([at(9)]);
  expect(positions.hasGap("garden")).toBe(false);
});

test("N6: a change is sent once, and is known only when the database was asked", () => {
  const { sent, known, positions } = positionsAt();
  expect(sent(change(2), change(4), change(4))).toEqual([false, true, false]);
  expect(known()).toEqual([at(5, 2)]);
  positions.noteCompared(at(5, 4), at(5));
  expect(sent(change(3), change(4), change(5))).toEqual([false, false, true]);
  expect(known()).toEqual([at(5, 4)]);
});

test("N6: after a comparison, removed messages no longer count as a gap", () => {
  const { sent, known, positions } = positionsAt();
  sent(message(9), message(12));
  positions.noteCompared(at(10), at(5));
  expect(known()).toEqual([at(10)]);
  expect(sent(message(11))).toEqual([true]);
  expect(known()).toEqual([at(12)]);
});

test("N6: channels without a socket here are not tracked, and another epoch begins anew", () => {
  const { sent, known, positions } = positionsAt();
  expect(sent(message(3, "other"), message(3, "other"))).toEqual([true, true]);
  positions.noteCompared(at(3, 1, "other"), at(5));
  expect(known()).toEqual([at(3, 1, "other")]);
  positions.forget("garden");
  expect(known()).toEqual([]);
  expect(sent(message(1), message(1))).toEqual([true, true]);
  positions.noteSubscription({ ...joined, isPartial: true }); // the position of the channel is not known yet
  expect(known()).toEqual([]);
  positions.noteSubscription(joined);
  positions.noteSubscription({ ...joined, seq: 9 }); // another socket, which knows more than was sent here
  expect(known()).toEqual([at(5)]);
});

test("N6: where two clients subscribe at once, what one of them lacks is missing", () => {
  // a broadcast of entry 6 and of the change 3 has not come; entry 7 has, during both calls
  const { known, sent, positions, holes } = positionsAt({ ...joined, seq: 7, revision: 3 });
  positions.noteSubscription(joined, [message(7)]);
  expect(known()).toEqual([at(5, 2)]);
  expect([holes, positions.hasGap("garden")]).toEqual([["garden"], true]);
  expect(sent(message(7), message(6))).toEqual([false, true]);
  expect(known()).toEqual([at(7, 2)]);
  // one that has all of them, partly as events, takes nothing back
  positions.noteCompared(at(7, 3), at(5));
  positions.noteSubscription({ ...joined, seq: 6, revision: 3 }, [message(7), message(8)]);
  expect(known()).toEqual([at(8, 3)]);
  expect(holes).toEqual(["garden"]);
});

test("N6: a comparison that began before a client subscribed with less does not hide what that client lacks", () => {
  const { known, positions } = positionsAt(subscription("garden", 11, 6));
  const [from = at(0)] = known();
  positions.noteSubscription(subscription("garden", 10, 5));
  positions.noteCompared(at(11, 6), from);
  expect(known()).toEqual([at(10, 5)]);
  positions.noteCompared(at(11, 6), at(10, 5));
  expect(known()).toEqual([at(11, 6)]);
});

test("N6: a channel with more changes than are remembered has to be compared", () => {
  const { sent, holes, positions } = positionsAt();
  for (let revision = 3; revision < 203; revision += 1) sent(change(revision));
  expect([holes, positions.hasGap("garden")]).toEqual([[], false]);
  sent(change(300));
  expect([holes, positions.hasGap("garden")]).toEqual([["garden"], true]);
});

test("N6: channels are compared one batch after another, once for however many gaps; a failed batch is tried again", async () => {
  const positions = new ChannelPositions(() => undefined);
  for (let n = 0; n < 450; n += 1) positions.noteSubscription(subscription(`channel-${n}`));
  const sizes: number[] = [];
  let running = 0;
  let most = 0;
  let failing = 1;
  const done = Promise.withResolvers<void>();
  const comparison = new ChannelComparison(positions, async (batch) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (sizes.length === 1 && failing-- > 0) throw new Error("the database is away");
    sizes.push(batch.length);
    if (sizes.length === 4) done.resolve();
  });
  for (let n = 0; n < 100; n += 1) comparison.compareAll();
  await done.promise;
  await new Promise((resolve) => setImmediate(resolve));
  comparison.stop();
  // the first batch, then the failure of the second one, then all again: what was asked meanwhile is one round
  expect(sizes).toEqual([200, 200, 200, 50]);
  expect(most).toBe(1);
});

test("N6: a gap that is filled in a moment causes no query, and one that stays is read alone", async () => {
  let comparison: ChannelComparison | undefined;
  const positions = new ChannelPositions((channel) => comparison?.compareLater(channel));
  for (const channel of ["garden", "shed", "pond"]) positions.noteSubscription(subscription(channel, 5));
  const read = Promise.withResolvers<readonly ChannelPosition[]>();
  comparison = new ChannelComparison(positions, async (batch) => read.resolve(batch));
  const inShed = (seq: number) => positions.recordEvent({ channel: "shed", kind: "entry", epoch: "e", position: seq });
  for (const one of [message(7), message(6)]) positions.recordEvent(one);
  inShed(8);
  expect((await read.promise).map(({ channel }) => channel)).toEqual(["shed"]);
  comparison.stop();
});
