import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { MAX_TIME_DIFFERENCE_MS, Peers } from "../../../backend/nodes/peers.ts";
import { ReplayWindow } from "../../../backend/nodes/replay-window.ts";
import { ANY_INSTANCE, newInstance } from "../../../backend/nodes/sealed-packet.ts";

const NOW = 1_790_000_000_000;
const packet = (instance: string, counter: number, sentAt = NOW, sender = "node-1") => ({
  sender,
  instance,
  counter,
  ordinal: 0,
  sentAt,
  target: "",
  targetInstance: ANY_INSTANCE,
});

test("S7: each counter is accepted once, in any order within the window", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 200 }), (counters) => {
      const window = new ReplayWindow(1);
      const seen = new Set([1]);
      let highest = 1;
      for (const counter of counters) {
        const isNew = !seen.has(counter);
        // what is far below the highest one may be refused, what was seen never accepted
        if (!isNew) expect(window.accept(counter)).toBe(false);
        else if (highest - counter < 4000) expect(window.accept(counter)).toBe(true);
        else expect(window.accept(counter)).toBe(highest - counter < 4096 - 32);
        seen.add(counter);
        highest = Math.max(highest, counter);
      }
    }),
  );
});

test("S7: the window works for counters beyond 32 bits", () => {
  const window = new ReplayWindow(2 ** 40);
  expect([1, 2, 2, 4000, 3, 9000, 4000, 1].map((step) => window.accept(2 ** 40 + step))).toEqual([
    true,
    true,
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
});

test("S7: a packet is accepted once, and only while its time is within 30 s of the receiver's clock", () => {
  const peers = new Peers();
  const one = newInstance(NOW - 5000);
  expect(peers.checkAndRecord(packet(one, 5), NOW)).toBeUndefined();
  expect(peers.checkAndRecord(packet(one, 5), NOW)).toBe("replayed");
  expect(peers.checkAndRecord(packet(one, 4), NOW)).toBe("replayed"); // from before the first one that came
  expect(peers.checkAndRecord(packet(one, 6, NOW - 10_000), NOW)).toBeUndefined(); // clocks may differ by ten seconds
  expect(peers.checkAndRecord(packet(one, 7, NOW + 10_000), NOW)).toBeUndefined();
  expect(peers.checkAndRecord(packet(one, 8, NOW - MAX_TIME_DIFFERENCE_MS - 1), NOW)).toBe("time");
  expect(peers.checkAndRecord(packet(one, 9, NOW + MAX_TIME_DIFFERENCE_MS + 1), NOW)).toBe("time");
});

test("S7: after a node has restarted, its counters begin again and no packet from before is accepted", () => {
  const peers = new Peers();
  const [before, after] = [newInstance(NOW - 50_000), newInstance(NOW)];
  expect(peers.checkAndRecord(packet(before, 900), NOW)).toBeUndefined();
  expect(peers.instanceOf("node-1")).toBe(before);
  expect(peers.checkAndRecord(packet(after, 1), NOW)).toBeUndefined();
  expect(peers.instanceOf("node-1")).toBe(after);
  expect(peers.checkAndRecord(packet(before, 901), NOW)).toBe("replayed");
  expect(peers.checkAndRecord(packet(before, 902, NOW, "node-2"), NOW)).toBeUndefined(); // another node's affair
});

test("instances that are silent are forgotten, when no packet of theirs could be accepted any more", () => {
  const peers = new Peers();
  const [older, newer] = [newInstance(NOW), newInstance(NOW + 1)];
  peers.checkAndRecord(packet(newer, 1), NOW);
  const soon = NOW + 2 * MAX_TIME_DIFFERENCE_MS;
  expect(peers.checkAndRecord(packet(older, 1, soon), soon)).toBe("replayed");
  const late = soon + 2000;
  expect(peers.checkAndRecord(packet(older, 2, late), late)).toBeUndefined();
  expect(peers.checkAndRecord(packet(newer, 1), late)).toBe("time");
  expect(peers.instanceOf("node-1")).toBe(older);
});

test("N6: a gap in the ordinals of a sender is noticed once, also before the first packet that arrives", () => {
  const peers = new Peers();
  const one = newInstance(NOW);
  let counter = 0;
  const isAfterGap = (ordinal: number, instance = one) => {
    const header = { ...packet(instance, ++counter), ordinal, target: "me" };
    expect(peers.checkAndRecord(header, NOW)).toBeUndefined();
    return peers.isAfterGap(header);
  };
  expect([1, 2, 3].map((ordinal) => isAfterGap(ordinal))).toEqual([false, false, false]);
  expect([0, 4, 0].map((ordinal) => isAfterGap(ordinal))).toEqual([false, false, false]); // 0: to every node
  expect([7, 8, 5, 6, 9].map((ordinal) => isAfterGap(ordinal))).toEqual([true, false, false, false, false]);
  // it has started again, and its first packet has not come
  expect(isAfterGap(2, newInstance(NOW + 1))).toBe(true);
});

test("N6: a node that has started again may have died before it sent what it had stored: its first packet tells, once", () => {
  const peers = new Peers();
  let counter = 0;
  const isAfterGap = (instance: string, ordinal: number) => {
    const header = { ...packet(instance, ++counter), ordinal, target: "" };
    expect(peers.checkAndRecord(header, NOW)).toBeUndefined();
    return peers.isAfterGap(header);
  };
  const [before, after] = [newInstance(NOW), newInstance(NOW + 1)];
  expect([0, 1].map((ordinal) => isAfterGap(before, ordinal))).toEqual([false, false]);
  expect([0, 0, 1].map((ordinal) => isAfterGap(after, ordinal))).toEqual([true, false, false]);
});

test("N2: a restart after a crash is reported once, and not the restart of a node that has announced its stop", () => {
  const peers = new Peers();
  let counter = 0;
  const arrives = (instance: string) => {
    const header = packet(instance, ++counter);
    expect(peers.checkAndRecord(header, NOW)).toBeUndefined();
    return header;
  };
  const [first, second, third] = [newInstance(NOW), newInstance(NOW + 1), newInstance(NOW + 2)];
  expect(peers.hasReplacedDead(arrives(first))).toBe(false);
  expect([second, second].map((instance) => peers.hasReplacedDead(arrives(instance)))).toEqual([true, false]);
  peers.noteStop(arrives(second));
  expect(peers.hasReplacedDead(arrives(third))).toBe(false);
});
