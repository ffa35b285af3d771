import { expect, test } from "@jest/globals";
import type { BroadcastHeader } from "../../../backend/nodes/broadcast-packet.ts";
import { newInstance } from "../../../backend/nodes/sealed-packet.ts";
import { Senders } from "../../../backend/nodes/senders.ts";

const NOW = 1_790_000_000_000;
const one = newInstance(NOW - 5000);
const [GARDEN, SHED] = [5, 6];
const packet = (counter: number, sentAt = NOW, instance = one): BroadcastHeader => ({
  ...{ sentAt, counter, ordinal: 0, subject: GARDEN, instance },
});

test("N5: a broadcast is accepted once, in the order of its sender, and only within 30 s", () => {
  const senders = new Senders(NOW - 60_000);
  expect([5, 5, 4, 7, 6, 8].map((counter) => senders.refuse(packet(counter), NOW))).toEqual([
    ...[undefined, "replayed", "replayed", undefined, "replayed", undefined],
  ]);
  expect(senders.refuse(packet(9, NOW - 30_001), NOW)).toBe("time");
  expect(senders.refuse(packet(9, NOW + 30_001), NOW)).toBe("time");
  expect(senders.refuse(packet(9, NOW - 29_000), NOW)).toBeUndefined();
  // a sender that has restarted begins again
  expect(senders.refuse(packet(1, NOW, newInstance(NOW)), NOW)).toBeUndefined();
});

test("N5: what was sent before a node started is not accepted: it cannot tell whether it was repeated", () => {
  const senders = new Senders(NOW);
  expect(senders.refuse(packet(1, NOW - 1), NOW)).toBe("time");
  expect(senders.refuse(packet(2, NOW), NOW)).toBeUndefined();
});

test("N5: a sender is forgotten only when none of its broadcasts could be accepted any more", () => {
  const senders = new Senders(NOW - 60_000);
  senders.refuse(packet(5), NOW);
  const late = NOW + 62_000;
  expect(senders.refuse(packet(1, late, newInstance(late)), late)).toBeUndefined();
  expect(senders.refuse(packet(6, NOW), late)).toBe("time");
});

test("N5: a missing broadcast is noticed by the next one on its subject, and by the sender's marks", () => {
  const senders = new Senders(NOW);
  senders.refuse(packet(1), NOW);
  const next = (ordinal: number, subject = GARDEN) => senders.isMissing(one, subject, ordinal, true);
  const mark = (ordinal: number, subject = GARDEN) => senders.isMissing(one, subject, ordinal, false);
  expect([1, 2, 3].map((ordinal) => next(ordinal))).toEqual([false, false, false]);
  expect([mark(3), mark(2), mark(4), mark(4)]).toEqual([false, false, true, false]);
  expect([next(5), next(7), next(8), next(6)]).toEqual([false, true, false, false]);
  // each subject has its own
  expect([next(1, SHED), mark(1, SHED), mark(9)]).toEqual([false, false, true]);
});

test("N5: after a subscription in the middle one may be missing; so it is after a sender's restart", () => {
  const senders = new Senders(NOW);
  senders.refuse(packet(1), NOW);
  expect([500, 501].map((ordinal) => senders.isMissing(one, GARDEN, ordinal, true))).toEqual([true, false]);
  senders.forgetSubject(GARDEN);
  expect(senders.isMissing(one, GARDEN, 502, true)).toBe(true);
  const again = newInstance(NOW);
  senders.refuse(packet(1, NOW, again), NOW);
  expect([1, 3].map((ordinal) => senders.isMissing(again, GARDEN, ordinal, true))).toEqual([false, true]);
});
