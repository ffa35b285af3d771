import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Message } from "../../../backend/domain/message.ts";
import { Timeline } from "../../../backend/web/timeline.ts";

const message = (seq: number, epoch = "e1"): Message => ({
  room: "lobby",
  seq,
  epoch,
  author: { id: "a", name: "A" },
  text: `m${seq}`,
  at: seq,
  clientId: `c${seq}`,
});
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);
const state = (from: number, to: number, recovered: boolean, epoch = "e1") => ({
  room: "lobby",
  epoch,
  seq: to,
  revision: 0,
  changed: [],
  messages: range(from, to).map((seq) => message(seq, epoch)),
  recovered,
});
const seqs = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq);

test("starts with the newest page and goes on from there", () => {
  const timeline = new Timeline("lobby");
  expect(timeline.position).toBeUndefined();
  timeline.resume(state(11, 20, false));
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 20 });
  expect(timeline.hasOlder).toBe(true);
  expect(timeline.add(message(21))).toBe("added");
  expect(timeline.add(message(21))).toBe("known");
  timeline.prepend(state(1, 10, true));
  expect(seqs(timeline)).toEqual(range(1, 21));
  expect(timeline.hasOlder).toBe(false);
});

test("what comes too early waits for what is missing", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 2, false));
  expect(timeline.add(message(5))).toBe("gap");
  expect(timeline.add(message(4))).toBe("gap");
  expect(seqs(timeline)).toEqual([1, 2]);
  expect(timeline.isWaiting).toBe(true);
  expect(timeline.add(message(3))).toBe("added");
  expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5]);
  expect(timeline.isWaiting).toBe(false);
});

test("what arrives before the room is joined is not lost", () => {
  const timeline = new Timeline("lobby");
  expect(timeline.add(message(3))).toBe("gap");
  timeline.resume(state(1, 2, false));
  expect(seqs(timeline)).toEqual([1, 2, 3]);
});

test("a page that does not follow takes the place of what was there, never leaving a hole", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 5, false));
  timeline.resume(state(300, 349, false));
  expect(seqs(timeline)).toEqual(range(300, 349));
  expect(timeline.hasOlder).toBe(true);
});

test("a page that overlaps is joined on", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 30, false));
  timeline.resume(state(20, 69, false));
  expect(seqs(timeline)).toEqual(range(1, 69));
});

test("another epoch starts anew, even at the same numbers", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 5, false));
  expect(timeline.add(message(6, "e2"))).toBe("gap");
  timeline.resume(state(1, 6, false, "e2"));
  expect(timeline.position).toEqual({ epoch: "e2", cursor: 6 });
  expect(timeline.messages.every(({ epoch }) => epoch === "e2")).toBe(true);
  expect(timeline.isWaiting).toBe(false);
});

test("an empty room is joined at its beginning", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 0, false));
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 0 });
  expect(timeline.add(message(1))).toBe("added");
});

test("in whatever order, however often, and with interruptions: each message once, in order, none missing", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("arrive" as const), seq: fc.integer({ min: 1, max: 40 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("rejoin" as const), upTo: fc.integer({ min: 0, max: 40 }) }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const timeline = new Timeline("lobby");
      let sent = 0;
      timeline.resume(state(1, 0, false));
      for (const one of steps) {
        if (one.kind === "arrive") {
          sent = Math.max(sent, one.seq);
          timeline.add(message(one.seq));
        } else {
          // the server answers with everything after the position, as far as it has got
          sent = Math.max(sent, one.upTo);
          const cursor = timeline.position!.cursor;
          timeline.resume(sent - cursor > 10 ? state(sent - 4, sent, false) : state(cursor + 1, sent, true));
        }
        const numbers = seqs(timeline);
        expect(numbers).toEqual(range(numbers[0] ?? 1, (numbers[0] ?? 1) + numbers.length - 1));
      }
      timeline.resume(state(timeline.position!.cursor + 1, sent, true));
      expect(timeline.position!.cursor).toBe(sent);
      expect(timeline.isWaiting).toBe(false);
    }),
  );
});
