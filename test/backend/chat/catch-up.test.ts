import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MAX_CATCH_UP_MESSAGES, MAX_RESPONSE_BYTES } from "../../../backend/chat/message.ts";
import { Timeline } from "../../../backend/client/chat/timeline.ts";
import type { Caller } from "../../../backend/contract/index.ts";
import type { SignedIn } from "../../../backend/users/shapes.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
let ada: SignedIn & { identity: Caller };
beforeAll(async () => {
  running = await startServices();
  ada = await running.register("Ada");
});
afterAll(() => running.stop());

let serial = 0;
const send = (room: string, text: string) =>
  running.call("chat.send", { room, text, clientId: `c${++serial}` }, ada.identity);
const edit = (room: string, seq: number, text: string) => running.call("chat.edit", { room, seq, text }, ada.identity);
const join = (room: string, at = {}) => running.call("chat.join", { room, ...at }, ada.identity);
const bytesOf = (state: unknown) => Buffer.byteLength(JSON.stringify(state));
/** The longest message: 12,000 bytes. */
const LONG = "漢".repeat(4000);

test("S5: a newcomer's page and a page of history are cut by bytes, the newest messages are in them", async () => {
  await join("page");
  for (let n = 0; n < 50; n += 1) await send("page", `${n} ${LONG.slice(5)}`);
  const page = await join("page");
  expect(page).toMatchObject({ seq: 50, recovered: false });
  expect(page.messages.at(-1)?.seq).toBe(50);
  expect(page.messages.length).toBeGreaterThan(5);
  expect(bytesOf(page)).toBeLessThan(1.1 * MAX_RESPONSE_BYTES);
  const timeline = new Timeline("page");
  timeline.resume(page);
  for (let pages = 0; timeline.hasOlder && pages < 20; pages += 1) {
    const older = await running.call("chat.history", { room: "page", cursor: timeline.first }, ada.identity);
    expect(bytesOf(older)).toBeLessThan(1.1 * MAX_RESPONSE_BYTES);
    timeline.prepend(older);
  }
  expect(timeline.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
});

test("S5: a client that comes back gets what it missed in parts, each cut by bytes, and then has all of it", async () => {
  await join("parts");
  for (let n = 0; n < 60; n += 1) await send("parts", `${n}`);
  const timeline = new Timeline("parts");
  timeline.resume(await join("parts"));
  const before = timeline.first;
  // while it was away: edits of what it has, new messages, edits of those
  for (let seq = before; seq <= 60; seq += 1) await edit("parts", seq, LONG);
  for (let n = 60; n < 60 + MAX_CATCH_UP_MESSAGES - 150; n += 1) await send("parts", `${n} ${LONG.slice(5)}`);
  for (const seq of [61, 80, before]) await edit("parts", seq, "last");
  let answers = 0;
  for (let more = true; more && answers < 50; answers += 1) {
    const state = await join("parts", timeline.position);
    expect(state.recovered).toBe(true);
    expect(bytesOf(state)).toBeLessThan(1.1 * MAX_RESPONSE_BYTES);
    timeline.resume(state);
    more = state.more === true;
  }
  expect(answers).toBeGreaterThan(5);
  const there = await running.store.messages.after("parts", before - 1, 1_000);
  expect(timeline.messages).toEqual(there);
  expect(await join("parts", timeline.position)).toMatchObject({ messages: [], changed: [], recovered: true });
});

test("S5: what fits is one response, and too much is the newest page, as ever", async () => {
  await join("small");
  for (let n = 0; n < MAX_CATCH_UP_MESSAGES + 1; n += 1) await send("small", `${n}`);
  const { epoch } = await join("small");
  const whole = await join("small", { epoch, cursor: 1, revision: 0 });
  expect(whole).toMatchObject({ recovered: true, seq: MAX_CATCH_UP_MESSAGES + 1 });
  expect(whole.messages).toHaveLength(MAX_CATCH_UP_MESSAGES);
  expect(whole).not.toHaveProperty("more");
  expect(await join("small", { epoch, cursor: 0, revision: 0 })).toMatchObject({ recovered: false });
});
