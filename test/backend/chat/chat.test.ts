import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { messageSent } from "../../../backend/chat/channel.ts";
import { HISTORY_PAGE_MESSAGES, MAX_CATCH_UP_MESSAGES } from "../../../backend/chat/message.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import type { SignedIn } from "../../../backend/users/shapes.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
let ada: SignedIn & { identity: Caller };
let bob: SignedIn & { identity: Caller };
beforeAll(async () => {
  running = await startServices();
  ada = await running.register("Ada");
  bob = await running.register("Bob");
});
afterAll(() => running.stop());

let serial = 0;
const send = (room: string, text: string, clientId = `c${++serial}`, user = ada.identity) =>
  running.call("chat.send", { room, text, clientId }, user);
const join = (room: string, at?: { epoch: string; cursor: number }) =>
  running.call("chat.join", { room, ...at }, bob.identity);
const enter = async (room: string) => {
  for (const { identity } of [ada, bob]) await running.call("chat.join", { room }, identity);
};
const refusal = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const seqs = ({ messages }: { messages: readonly { seq: number }[] }) => messages.map(({ seq }) => seq);

test("a message is stored, then broadcast, then acknowledged", async () => {
  const { message } = await send("Lobby", "  Grüße <b>alle</b>\r\n ");
  expect(message).toEqual({
    room: "lobby",
    seq: 1,
    epoch: expect.any(String),
    author: { id: ada.user.id, name: "Ada" },
    text: "Grüße <b>alle</b>",
    at: running.clock.now,
    clientId: expect.any(String),
  });
  expect(running.announced.at(-1)).toEqual({
    event: "sockets.broadcast",
    payload: {
      ...{ channel: "chat:lobby", event: "message", payload: message },
      position: { epoch: message.epoch, seq: 1 },
    },
  });
  expect((await join("lobby")).messages).toEqual([message]);
});

test("a retry gets the same acknowledgement, and is stored once", async () => {
  await enter("retry");
  const first = await send("retry", "once", "same");
  expect(await send("retry", "once", "same")).toEqual(first);
  expect(seqs(await join("retry"))).toEqual([1]);
});

/** What keeps Eve from sending another message to a room of Ada's. */
const hindrances: readonly [string, (room: string, user: string) => Promise<unknown>, string][] = [
  ["kicked", (room, user) => running.call("chat.kick", { room, user }, ada.identity), "NOT_MEMBER"],
  ["banned", (room, user) => running.call("chat.ban", { room, user }, ada.identity), "BANNED"],
  ["muted", (room, user) => running.call("chat.mute", { room, user, seconds: 60 }, ada.identity), "MUTED"],
];

test.each(hindrances)(
  "a retry gets its acknowledgement also when its author is %s by now",
  async (name, hinder, code) => {
    const room = `retry-${name.split(" ")[0]}`;
    const eve = await running.register(`Eve${++serial}`);
    await running.call("chat.join", { room }, ada.identity);
    await running.call("chat.join", { room }, eve.identity);
    const first = await send(room, "once", "same", eve.identity);
    await hinder(room, eve.user.id);
    expect(await send(room, "once", "same", eve.identity)).toEqual(first);
    expect(await refusal(send(room, "another", "same", eve.identity))).toMatchObject({ code: "CLIENT_ID_USED" });
    expect(await refusal(send(room, "once", "new", eve.identity))).toMatchObject({ code });
    await running.store.sessions.end(eve.identity.sid, "logout", running.clock.now);
    expect(await refusal(send(room, "once", "same", eve.identity))).toMatchObject({ code: "NOT_FOUND" });
    expect(await running.store.messages.after(room, 0, 10)).toEqual([first.message]);
  },
);

test("N6: a retry is broadcast too: the node that stored the message may have died before it was", async () => {
  await enter("retry-lost");
  const { id: authorId, sid } = ada.identity;
  const draft = { room: "retry-lost", text: "lost", clientId: "lost", authorId, sid, at: 1 };
  const { message } = await running.store.messages.append(draft, () => undefined);
  const before = running.announced.length;
  expect(await send("retry-lost", "lost", "lost")).toEqual({ message });
  expect(running.announced.slice(before)).toEqual([{ event: "sockets.broadcast", payload: messageSent(message) }]);
});

test("a client id belongs to its user and to one message", async () => {
  await enter("ids");
  await enter("elsewhere");
  await send("ids", "mine", "id-1");
  expect(await refusal(send("ids", "mine", "id-1", bob.identity))).toBe("accepted");
  const other = { status: 409, code: "CLIENT_ID_USED", field: "clientId" };
  expect(await refusal(send("ids", "changed", "id-1"))).toMatchObject(other);
  expect(await refusal(send("elsewhere", "mine", "id-1"))).toMatchObject(other);
});

test("a newcomer gets the newest page, a returning client exactly what it missed", async () => {
  await enter("resume");
  for (let n = 1; n <= HISTORY_PAGE_MESSAGES + 5; n += 1) await send("resume", `m${n}`);
  const fresh = await join("resume");
  expect(fresh).toMatchObject({ room: "resume", seq: HISTORY_PAGE_MESSAGES + 5, recovered: false });
  expect(seqs(fresh)).toEqual(Array.from({ length: HISTORY_PAGE_MESSAGES }, (_, n) => n + 6));
  const { epoch } = fresh;
  const back = await join("resume", { epoch, cursor: HISTORY_PAGE_MESSAGES + 2 });
  expect(back).toMatchObject({ recovered: true, epoch, seq: HISTORY_PAGE_MESSAGES + 5 });
  expect(seqs(back)).toEqual([HISTORY_PAGE_MESSAGES + 3, HISTORY_PAGE_MESSAGES + 4, HISTORY_PAGE_MESSAGES + 5]);
  expect(await join("resume", { epoch, cursor: HISTORY_PAGE_MESSAGES + 5 })).toMatchObject({
    recovered: true,
    messages: [],
  });
  const older = await running.call("chat.history", { room: "resume", cursor: 6 }, bob.identity);
  expect(seqs(older)).toEqual([1, 2, 3, 4, 5]);
});

test("what cannot be made whole is said not to be: another epoch, a position never reached, too much missed", async () => {
  await enter("gap");
  await send("gap", "one");
  const { epoch } = await join("gap");
  expect(await join("gap", { epoch: "another", cursor: 1 })).toMatchObject({ recovered: false });
  expect(await join("gap", { epoch, cursor: 2 })).toMatchObject({ recovered: false });
  const cursorOnly = running.call("chat.join", { room: "gap", cursor: 1 }, bob.identity);
  expect(await cursorOnly).toMatchObject({ recovered: false });
  for (let n = 0; n < MAX_CATCH_UP_MESSAGES; n += 1) await send("gap", `m${n}`);
  expect(seqs(await join("gap", { epoch, cursor: 1 }))).toHaveLength(MAX_CATCH_UP_MESSAGES);
  const late = await join("gap", { epoch, cursor: 0 });
  expect(late.recovered).toBe(false);
  expect(seqs(late).at(-1)).toBe(MAX_CATCH_UP_MESSAGES + 1);
});

test.each([
  [{ text: "a\u0007b" }, "TEXT_CONTROL", "text"],
  [{ text: " \u200b " }, "TEXT_EMPTY", "text"],
  [{ text: "a\u0000b" }, "VALIDATION", "text"],
  [{ text: "a\ud800" }, "VALIDATION", "text"],
  [{ room: "../etc" }, "ROOM_NAME", "room"],
  [{ clientId: "a b" }, "CLIENT_ID", "clientId"],
])("%j is refused with the field's name and not stored", async (wrong, code, field) => {
  const params = { room: "clean", text: "fine", clientId: "fine", ...wrong };
  const answer = await refusal(running.call("chat.send", params, ada.identity));
  expect(answer).toMatchObject({ status: 422, code, field });
  expect(await join("clean")).toMatchObject({ seq: 0, messages: [] });
});

test("moderators speak to everybody, others do not", async () => {
  expect(await refusal(running.call("chat.sendMessageToAll", { text: "hi" }, ada.identity))).toMatchObject({
    status: 403,
  });
  const moderator: Caller = { ...ada.identity, roles: ["user", "moderator"] };
  expect(await running.call("chat.sendMessageToAll", { text: " Tea at five. " }, moderator)).toEqual({ sent: true });
  expect(running.announced.at(-1)).toEqual({
    event: "sockets.broadcast",
    payload: { event: "serverMessage", payload: { text: "Tea at five.", at: running.clock.now } },
  });
});

test("without a user nothing of the chat is reachable", async () => {
  for (const [action, params] of [
    ["chat.join", { room: "lobby" }],
    ["chat.history", { room: "lobby" }],
    ["chat.send", { room: "lobby", text: "x", clientId: "x" }],
  ] as const) {
    expect(await refusal(running.call(action, params))).toMatchObject({ status: 401 });
  }
});
