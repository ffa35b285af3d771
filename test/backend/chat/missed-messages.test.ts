import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { roomOf } from "../../../backend/chat/channel.ts";
import { sendMissed } from "../../../backend/chat/missed-messages.ts";
import type { RoomPosition } from "../../../backend/chat/room-position.ts";
import type { Broadcast, Caller } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
let ada: Caller;
beforeEach(async () => {
  running = await startServices();
  ada = (await running.register("Ada")).identity;
});
afterEach(() => running.stop());

let serial = 0;
const send = (room: string, text: string) =>
  running.call("chat.send", { room, text, clientId: `m${++serial}` }, ada).then(({ message }) => message);

/** What is sent again beyond these positions, in short, and the positions that are complete then. */
async function compare(positions: readonly RoomPosition[]) {
  const sent: Broadcast[] = [];
  const completed = await sendMissed(running.store, (broadcast) => void sent.push(broadcast), positions);
  const told = sent.map(({ channel = "", event, payload }) => [
    ...[roomOf(channel), event, (payload as { text: string }).text],
  ]);
  return { told, completed };
}

async function positionOf(room: string): Promise<RoomPosition> {
  const [position] = await running.store.rooms.positions([room]);
  if (!position) throw new Error("there is no such room");
  return position;
}

test("N6: what follows each room's position is returned: messages in order, and changes of earlier ones", async () => {
  for (const room of ["garden", "shed", "pond"]) await running.call("chat.join", { room }, ada);
  for (const room of ["garden", "shed"]) for (const n of [1, 2, 3]) await send(room, `${room} ${n}`);
  const [garden, shed, pond] = await Promise.all(["garden", "shed", "pond"].map(positionOf));
  await send("garden", "garden 4");
  await send("garden", "garden 5");
  await running.call("chat.edit", { room: "garden", seq: 2, text: "edited" }, ada);
  await running.call("chat.delete", { room: "shed", seq: 1 }, ada);
  const { told, completed } = await compare([garden!, { ...shed!, seq: 2 }, pond!, { ...pond!, room: "none" }]);
  expect(told).toEqual([
    ["garden", "message", "garden 4"],
    ["garden", "message", "garden 5"],
    ["shed", "message", "shed 3"],
    ["garden", "messageChanged", "edited"],
    ["shed", "messageChanged", ""],
  ]);
  const byRoom = (one: RoomPosition, other: RoomPosition) => (one.room < other.room ? -1 : 1);
  const expected = [
    { ...garden!, seq: 5, revision: garden!.revision + 1 },
    { ...pond! },
    { ...shed!, seq: 3, revision: shed!.revision + 1 },
  ];
  expect([...completed].sort(byRoom)).toEqual(expected);
  expect((await compare(completed)).told).toEqual([]);
});

test("N6: of a room with too many missing messages only the newest is returned; clients see the gap", async () => {
  await running.call("chat.join", { room: "garden" }, ada);
  const before = await positionOf("garden");
  for (let n = 0; n < 450; n += 1) await send("garden", `${n}`);
  const texts = (await compare([before])).told.map(([, , text]) => text);
  expect(texts).toEqual(Array.from({ length: 450 }, (_, n) => `${n}`));
  const far = { ...before, seq: before.seq - 600 };
  expect((await compare([far])).told).toEqual([["garden", "message", "449"]]);
});

test("N6: nothing is returned for a room whose numbering has begun anew", async () => {
  await running.call("chat.join", { room: "garden" }, ada);
  await send("garden", "hello");
  const { told, completed } = await compare([{ room: "garden", epoch: "another", seq: 0, revision: 0 }]);
  expect(told).toEqual([]);
  expect(completed).toEqual([await positionOf("garden")]);
});
