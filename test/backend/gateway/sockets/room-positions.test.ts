import { expect, test } from "@jest/globals";
import type { RoomPosition } from "../../../../backend/chat/room-position.ts";
import { createRoomComparison } from "../../../../backend/gateway/sockets/room-comparison.ts";
import { RoomPositions } from "../../../../backend/gateway/sockets/room-positions.ts";
import { eventOf, type SocketEvent } from "../../../../backend/gateway/sockets/socket-event.ts";
import { joinedRoom } from "../../support.ts";

const event = (name: "message" | "messageChanged", numbers: { seq?: number; revision?: number }, epoch = "e") =>
  eventOf({ room: "garden", event: name, payload: { room: "garden", epoch, ...numbers } as never });
const message = (seq: number, epoch?: string) => event("message", { seq }, epoch);
const change = (revision: number) => event("messageChanged", { seq: 1, revision });
const at = (seq: number, revision = 2, epoch = "e"): RoomPosition => ({ room: "garden", epoch, seq, revision });
const joined = joinedRoom("garden", { seq: 5, revision: 2 });

function positionsAt(state = joined) {
  const holes: string[] = [];
  const positions = new RoomPositions((room) => void holes.push(room));
  positions.entered(state);
  const sent = (...events: SocketEvent[]) => events.map((one) => positions.isNew(one));
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
  expect(positions.hasHole("garden")).toBe(true);
  expect(sent(message(7))).toEqual([true]);
  expect(known()).toEqual([at(9)]);
  expect(positions.hasHole("garden")).toBe(false);
});

test("N6: a change is sent once, and is known only when the database was asked", () => {
  const { sent, known, positions } = positionsAt();
  expect(sent(change(2), change(4), change(4))).toEqual([false, true, false]);
  expect(known()).toEqual([at(5, 2)]);
  positions.completed(at(5, 4));
  expect(sent(change(3), change(4), change(5))).toEqual([false, false, true]);
  expect(known()).toEqual([at(5, 4)]);
});

test("N6: after a comparison messages that were removed are no hole any more", () => {
  const { sent, known, positions } = positionsAt();
  sent(message(9), message(12));
  positions.completed(at(10));
  expect(known()).toEqual([at(10)]);
  expect(sent(message(11))).toEqual([true]);
  expect(known()).toEqual([at(12)]);
});

test("N6: rooms without a socket here are not tracked, and another epoch begins anew", () => {
  const { sent, known, positions } = positionsAt();
  expect(sent(message(3, "other"), message(3, "other"))).toEqual([true, true]);
  positions.completed(at(3, 1, "other"));
  expect(known()).toEqual([at(3, 1, "other")]);
  positions.emptied("garden");
  expect(known()).toEqual([]);
  expect(sent(message(1), message(1))).toEqual([true, true]);
  positions.entered({ ...joined, more: true }); // where the room stands is not known yet
  expect(known()).toEqual([]);
  positions.entered(joined);
  positions.entered({ ...joined, seq: 9 }); // another socket, which knows more than was sent here
  expect(known()).toEqual([at(5)]);
});

test("N6: where two clients join at once, what one of them lacks is missing", () => {
  // a broadcast of message 6 and of the change 3 has not come; message 7 has, during both joins
  const { known, sent, positions, holes } = positionsAt({ ...joined, seq: 7, revision: 3 });
  positions.entered(joined, [message(7)]);
  expect(known()).toEqual([at(5, 2)]);
  expect([holes, positions.hasHole("garden")]).toEqual([["garden"], true]);
  expect(sent(message(7), message(6))).toEqual([false, true]);
  expect(known()).toEqual([at(7, 2)]);
  // one that has all of them, partly as events, takes nothing back
  positions.completed(at(7, 3));
  positions.entered({ ...joined, seq: 6, revision: 3 }, [message(7), message(8)]);
  expect(known()).toEqual([at(8, 3)]);
  expect(holes).toEqual(["garden"]);
});

test("N6: a room with more changes than are remembered has to be compared", () => {
  const { sent, holes, positions } = positionsAt();
  for (let revision = 3; revision < 203; revision += 1) sent(change(revision));
  expect([holes, positions.hasHole("garden")]).toEqual([[], false]);
  sent(change(300));
  expect([holes, positions.hasHole("garden")]).toEqual([["garden"], true]);
});

test("N6: rooms are compared one batch after another, once for however many gaps; a failed batch is tried again", async () => {
  const positions = new RoomPositions(() => undefined);
  for (let n = 0; n < 450; n += 1) positions.entered(joinedRoom(`room-${n}`));
  const sizes: number[] = [];
  let running = 0;
  let most = 0;
  let failing = 1;
  const done = Promise.withResolvers<void>();
  const comparison = createRoomComparison(positions, async (batch) => {
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

test("N6: a hole that is filled in a moment causes no query, one that stays is read alone", async () => {
  let comparison: ReturnType<typeof createRoomComparison> | undefined;
  const positions = new RoomPositions((room) => comparison?.compareLater(room));
  for (const room of ["garden", "shed", "pond"]) positions.entered(joinedRoom(room, { seq: 5 }));
  const read = Promise.withResolvers<readonly RoomPosition[]>();
  comparison = createRoomComparison(positions, async (batch) => read.resolve(batch));
  const inShed = (seq: number) => positions.isNew({ room: "shed", kind: "message", epoch: "e", position: seq });
  for (const one of [message(7), message(6)]) positions.isNew(one);
  inShed(8);
  expect((await read.promise).map(({ room }) => room)).toEqual(["shed"]);
  comparison.stop();
});
