import { expect, test } from "@jest/globals";
import type { BroadcastHeader } from "../../../backend/nodes/broadcast-packet.ts";
import { newInstance } from "../../../backend/nodes/sealed-packet.ts";
import { Senders } from "../../../backend/nodes/senders.ts";

const NOW = 1_790_000_000_000;
const instance = newInstance(NOW - 5000);
/** Numbers of two subjects of NATS. */
const [SUBJECT, OTHER_SUBJECT] = [5, 6];
const packet = (counter: number, sentAt = NOW, from = instance): BroadcastHeader => ({
  ...{ sentAt, counter, ordinal: 0, subject: SUBJECT, instance: from },
});

test("N5: a broadcast is accepted once, in the order of its sender, and only within 30 s", () => {
  const senders = new Senders(NOW - 60_000);
  expect([5, 5, 4, 7, 6, 8].map((counter) => senders.checkAndRecord(packet(counter), NOW))).toEqual([
    ...[undefined, "replayed", "replayed", undefined, "replayed", undefined],
  ]);
  expect(senders.checkAndRecord(packet(9, NOW - 30_001), NOW)).toBe("time");
  expect(senders.checkAndRecord(packet(9, NOW + 30_001), NOW)).toBe("time");
  expect(senders.checkAndRecord(packet(9, NOW - 29_000), NOW)).toBeUndefined();
  // a sender that has restarted begins again
  expect(senders.checkAndRecord(packet(1, NOW, newInstance(NOW)), NOW)).toBeUndefined();
});

test("N5: a broadcast from before the start of a node is refused: the node cannot know whether it is a replay", () => {
  const senders = new Senders(NOW);
  expect(senders.checkAndRecord(packet(1, NOW - 1), NOW)).toBe("time");
  expect(senders.checkAndRecord(packet(2, NOW), NOW)).toBeUndefined();
});

test("N5: a sender is forgotten only when none of its broadcasts could be accepted any more", () => {
  const senders = new Senders(NOW - 60_000);
  senders.checkAndRecord(packet(5), NOW);
  const late = NOW + 62_000;
  expect(senders.checkAndRecord(packet(1, late, newInstance(late)), late)).toBeUndefined();
  expect(senders.checkAndRecord(packet(6, NOW), late)).toBe("time");
});

test("N5: the next broadcast on a subject, or the sender's count of them, reveals a missing one", () => {
  const senders = new Senders(NOW);
  senders.checkAndRecord(packet(1), NOW);
  const next = (ordinal: number, subject = SUBJECT) => senders.isMissing(instance, subject, ordinal, true);
  const latest = (ordinal: number, subject = SUBJECT) => senders.isMissing(instance, subject, ordinal, false);
  expect([1, 2, 3].map((ordinal) => next(ordinal))).toEqual([false, false, false]);
  expect([latest(3), latest(2), latest(4), latest(4)]).toEqual([false, false, true, false]);
  expect([next(5), next(7), next(8), next(6)]).toEqual([false, true, false, false]);
  // each subject has ordinals of its own
  expect([next(1, OTHER_SUBJECT), latest(1, OTHER_SUBJECT), latest(9)]).toEqual([false, false, true]);
});

test("N5: broadcasts from before a subscription count as missing; a restarted sender counts from 1 again", () => {
  const senders = new Senders(NOW);
  senders.checkAndRecord(packet(1), NOW);
  expect([500, 501].map((ordinal) => senders.isMissing(instance, SUBJECT, ordinal, true))).toEqual([true, false]);
  senders.forgetSubject(SUBJECT);
  expect(senders.isMissing(instance, SUBJECT, 502, true)).toBe(true);
  const again = newInstance(NOW);
  senders.checkAndRecord(packet(1, NOW, again), NOW);
  expect([1, 3].map((ordinal) => senders.isMissing(again, SUBJECT, ordinal, true))).toEqual([false, true]);
});
