// The clients of the soak, and what it expects that they have heard.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { HISTORY_PAGE_MESSAGES, MAX_CATCH_UP_MESSAGES } from "../../../../backend/chat/message.ts";
import { startTestBackend, type TestBackend } from "../../../backend/test-backend.ts";
import { LightClient, type LightClientOptions } from "../../../bench/chat/site/light-client.ts";
import { Attendance, MAX_EDIT_DELAY_MS } from "../../../bench/chat/soak/attendance.ts";

let backend: TestBackend;
const clients: LightClient[] = [];
beforeEach(async () => {
  backend = await startTestBackend();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await backend.stop();
});

/** A client that has joined the room. */
async function joined(options: Partial<LightClientOptions> = {}): Promise<LightClient> {
  const person = await backend.registerUser();
  const client = new LightClient({
    ...{ account: { ...person, madeAt: performance.now() }, address: "192.0.2.1", room: "garden" },
    order: () => [backend.port],
    ...options,
  });
  clients.push(client);
  await open(client);
  return client;
}

async function open(client: LightClient): Promise<void> {
  client.open();
  while (!client.isBack) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function close(client: LightClient): Promise<void> {
  client.close();
  while (client.isBack) await new Promise((resolve) => setTimeout(resolve, 2));
}

let serial = 0;
async function say(author: LightClient, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1)
    await author.call("chat.send", { room: "garden", text: `${++serial}`, clientId: `c${serial}` });
}
const edit = (author: LightClient, seq: number) =>
  author.call("chat.edit", { room: "garden", seq, text: `${seq} edited` });

test("N6: a light client that returns to the newest page says for which messages it was told no edits", async () => {
  const edited = new Set<number>();
  const restarts: number[] = [];
  const author = await joined();
  const visitor = await joined({
    onChange: ({ seq }) => edited.add(seq),
    onRestart: (last) => restarts.push(last),
  });
  await say(author, 3);
  await edit(author, 1);
  while (visitor.cursor < 3 || edited.size < 1) await new Promise((resolve) => setTimeout(resolve, 2));
  await close(visitor);
  await edit(author, 2);
  await say(author, 2);
  await open(visitor);
  expect({ edited: [...edited], restarts, cursor: visitor.cursor }).toEqual({
    edited: [1, 2],
    restarts: [],
    cursor: 5,
  });

  // so many that the pages back to its position end just behind it
  const missed = Math.ceil((MAX_CATCH_UP_MESSAGES + 1) / HISTORY_PAGE_MESSAGES) * HISTORY_PAGE_MESSAGES;
  await close(visitor);
  await edit(author, 3);
  await say(author, missed);
  await edit(author, 6);
  await open(visitor);
  const cursor = 5 + missed;
  expect({ edited: [...edited], restarts, cursor: visitor.cursor }).toEqual({
    edited: [1, 2, 6],
    restarts: [5],
    cursor,
  });
});

test("N6: the soak expects every edit of a client, except those made while it was away before the newest page", () => {
  const attendance = new Attendance();
  attendance.back(0);
  attendance.left(100_000);
  attendance.restarted(7);
  attendance.back(130_000);
  const lacks = (seq: number, at: number) => attendance.mayLack(seq, at);
  expect([lacks(7, 99_999), lacks(7, 110_000), lacks(1, 130_001)]).toEqual([true, true, true]);
  // while it was connected; of a message that the pages had
  expect([lacks(7, 100_000 - MAX_EDIT_DELAY_MS), lacks(7, 130_000 + MAX_EDIT_DELAY_MS), lacks(8, 110_000)]).toEqual([
    ...[false, false, false],
  ]);
  // while it is connected it is told all changes
  attendance.restarted(20);
  expect(lacks(20, 140_000)).toBe(false);
});

test("N6: an edit that a client got only by returning counts as late for as long as it was connected", () => {
  const attendance = new Attendance();
  expect(attendance.connectedMsSince(0, 5_000)).toBe(0);
  attendance.back(1_000);
  expect([attendance.connectedMsSince(500, 5_000), attendance.connectedMsSince(4_000, 5_000)]).toEqual([4_000, 1_000]);
  attendance.left(6_000);
  attendance.left(8_000); // a try to return that failed
  expect([attendance.connectedMsSince(4_000, 9_000), attendance.connectedMsSince(7_000, 9_000)]).toEqual([2_000, 0]);
  attendance.back(10_000);
  expect([attendance.connectedMsSince(4_000, 10_500), attendance.connectedMsSince(10_200, 10_500)]).toEqual([500, 300]);
});
