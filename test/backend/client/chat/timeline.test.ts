import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Message } from "../../../../backend/chat/message.ts";
import { Timeline } from "../../../../backend/client/chat/timeline.ts";

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
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 20, revision: 0 });
  expect(timeline.hasOlder).toBe(true);
  expect(timeline.add(message(21))).toBe("added");
  expect(timeline.add(message(21))).toBe("known");
  timeline.prepend(state(1, 10, true));
  expect(seqs(timeline)).toEqual(range(1, 21));
  expect(timeline.hasOlder).toBe(false);
});

test("a message that arrives too early waits for the missing ones", () => {
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

test("a page of messages that does not follow replaces those that were there, so that no gap is left", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 5, false));
  timeline.resume(state(300, 349, false));
  expect(seqs(timeline)).toEqual(range(300, 349));
  expect(timeline.hasOlder).toBe(true);
});

test("a page that is not known to be whole takes the place of what it overlaps: that may have been edited", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 30, false));
  timeline.resume(state(20, 69, false));
  expect(seqs(timeline)).toEqual(range(20, 69));
  timeline.prepend(state(1, 19, true));
  expect(seqs(timeline)).toEqual(range(1, 69));
});

test("a room can be followed from its end; what came before is asked for when it is shown", () => {
  const timeline = new Timeline("lobby", { epoch: "e1", cursor: 20 });
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 20 });
  timeline.resume(state(21, 20, true));
  timeline.add(message(21));
  expect([seqs(timeline), timeline.hasOlder, timeline.first]).toEqual([[21], true, 21]);
  timeline.prepend(state(11, 20, true));
  expect(seqs(timeline)).toEqual(range(11, 21));
});

test("a message is as it was last edited, whichever way and in whichever order that arrives", () => {
  const edited = (seq: number, revision: number): Message => ({ ...message(seq), text: `r${revision}`, revision });
  const text = (seq: number) => timeline.messages.find((one) => one.seq === seq)?.text;
  const timeline = new Timeline("lobby");
  timeline.resume(state(4, 6, false));
  timeline.change(edited(5, 2));
  timeline.change(edited(5, 1));
  expect(text(5)).toBe("r2");
  // before the message itself, and before the page that it stands on
  timeline.change(edited(7, 3));
  timeline.add(message(7));
  timeline.change(edited(2, 4));
  timeline.prepend(state(1, 3, true));
  expect([text(7), text(2), text(1)]).toEqual(["r3", "r4", "m1"]);
  // while there was no connection
  timeline.resume({ ...state(8, 8, true), changed: [edited(1, 6), edited(5, 5)], revision: 6 });
  expect([text(1), text(5), text(8)]).toEqual(["r6", "r5", "m8"]);
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 8, revision: 6 });
  timeline.change({ ...edited(8, 9), epoch: "e2" });
  expect(text(8)).toBe("m8");
});

test("N6: a message that arrived before the response is as the response has it, where that is newer", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 4, false));
  timeline.add(message(5)); // an acknowledgement, before the room is joined again
  const deleted = { ...message(5), text: "", revision: 7, deletedAt: 9 };
  timeline.resume({ ...state(5, 6, true), messages: [deleted, message(6)], revision: 7 });
  expect(timeline.messages.map(({ text }) => text)).toEqual(["m1", "m2", "m3", "m4", "", "m6"]);
});

test("N6: what arrives while the newest page is read stays, behind the page", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 4, false));
  timeline.add(message(5));
  timeline.resume(state(3, 4, false));
  expect(seqs(timeline)).toEqual([3, 4, 5]);
  timeline.resume(state(1, 2, false, "e2"));
  expect(seqs(timeline)).toEqual([1, 2]);
});

test("N6: what came early before an interruption is not taken for the next part of a long response", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 4, false));
  timeline.add(message(7)); // then the connection is lost, and the message is edited
  timeline.resume({ ...state(5, 6, true), revision: 7, more: true });
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 6, revision: 7 });
  timeline.resume({ ...state(7, 7, true), messages: [{ ...message(7), text: "edited", revision: 7 }], revision: 7 });
  expect(timeline.messages.at(-1)?.text).toBe("edited");
});

test("another epoch starts anew, even at the same numbers", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 5, false));
  expect(timeline.add(message(6, "e2"))).toBe("gap");
  timeline.resume(state(1, 6, false, "e2"));
  expect(timeline.position).toEqual({ epoch: "e2", cursor: 6, revision: 0 });
  expect(timeline.messages.every(({ epoch }) => epoch === "e2")).toBe(true);
  expect(timeline.isWaiting).toBe(false);
});

test("an empty room is joined at its beginning", () => {
  const timeline = new Timeline("lobby");
  timeline.resume(state(1, 0, false));
  expect(timeline.position).toEqual({ epoch: "e1", cursor: 0, revision: 0 });
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
