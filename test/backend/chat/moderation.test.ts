import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { messageChanged } from "../../../backend/chat/channel.ts";
import { EDIT_WINDOW_MS } from "../../../backend/chat/message.ts";
import { MAX_OPEN_REPORTS, REPORT_RETENTION_MS } from "../../../backend/chat/moderation.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
let ada: Caller;
let bob: Caller;
let eve: Caller;
/** A moderator of the site, who is in no room. */
let guard: Caller;
beforeAll(async () => {
  running = await startServices();
  const person = async (name: string): Promise<Caller> => (await running.register(name)).identity;
  [ada, bob, eve] = [await person("Ada"), await person("Bob"), await person("Eve")];
  await running.store.users.setName(bob.id, "Bob Builder");
  const { id, sid } = await person("Guard");
  await running.store.users.changeRole(id, "moderator");
  guard = { id, sid, roles: ["user", "moderator"] };
});
afterAll(() => running.stop());

let serial = 0;
const refusal = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const refusals = (attempts: readonly Promise<unknown>[]) => Promise.all(attempts.map(refusal));
const send = async (user: Caller, room: string, text = "hi") =>
  (await running.call("chat.send", { room, text, clientId: `c${++serial}` }, user)).message;
const to = (
  action: "chat.kick" | "chat.ban" | "chat.unban" | "chat.unmute",
  by: Caller,
  room: string,
  target: Caller,
) => running.call(action, { room, user: target.id }, by);
const mute = (by: Caller, room: string, target: Caller, seconds = 60) =>
  running.call("chat.mute", { room, user: target.id, seconds }, by);
const role = (by: Caller, room: string, target: Caller, name: string) =>
  running.call("chat.setRoomRole", { room, user: target.id, role: name }, by);
const history = (user: Caller, room: string) => running.call("chat.history", { room }, user);
const lastBroadcast = () => running.announced.filter(({ event }) => event === "sockets.broadcast").at(-1)?.payload;

/** A public room of Ada's with these in it. */
async function roomWith(...others: Caller[]): Promise<string> {
  const room = `room-${++serial}`;
  for (const user of [ada, ...others]) await running.call("chat.join", { room }, user);
  return room;
}

test("who is muted reads and does not write, not after leaving and coming back either, until it is over", async () => {
  const room = await roomWith(bob);
  const message = await send(bob, room);
  expect(await mute(ada, room, bob)).toMatchObject({ mutedUntil: running.clock.now + 60_000 });
  const muted = { status: 403, code: "MUTED", retryAfter: 60 };
  expect(await refusal(send(bob, room))).toMatchObject(muted);
  const edit = running.call("chat.edit", { room, seq: message.seq, text: "changed" }, bob);
  expect(await refusal(edit)).toMatchObject(muted);
  await history(bob, room);
  expect((await running.call("chat.members", { room }, ada)).members).toContainEqual(
    expect.objectContaining({ id: bob.id, mutedUntil: running.clock.now + 60_000 }),
  );
  expect(JSON.stringify(await running.call("chat.members", { room }, bob))).not.toContain("mutedUntil");
  await running.call("chat.leave", { room }, bob);
  await running.store.members.prune(running.clock.now + 1, running.clock.now);
  await running.call("chat.join", { room }, bob);
  expect(await refusal(send(bob, room))).toMatchObject(muted);
  running.clock.now += 60_000;
  await send(bob, room);
  await mute(ada, room, bob);
  expect(await to("chat.unmute", ada, room, bob)).toMatchObject({ mutedUntil: null });
  await send(bob, room);
});

test("who is kicked may come back to a public room, who is banned may not until the ban is taken back", async () => {
  const room = await roomWith(bob);
  const { seq } = await send(bob, room);
  await to("chat.kick", ada, room, bob);
  for (const out of await refusals([
    send(bob, room),
    history(bob, room),
    running.call("chat.delete", { room, seq }, bob),
  ])) {
    expect(out).toMatchObject({ status: 403, code: "NOT_MEMBER" });
  }
  await running.call("chat.join", { room }, bob);
  expect(await to("chat.ban", ada, room, bob)).toMatchObject({ role: null });
  const attempts = [
    running.call("chat.join", { room }, bob),
    send(bob, room),
    history(bob, room),
    running.call("chat.edit", { room, seq, text: "x" }, bob),
    running.call("chat.delete", { room, seq }, bob),
    running.call("chat.report", { room, seq, reason: "x" }, bob),
    running.call("chat.members", { room }, bob),
    running.call("chat.typing", { room }, bob),
    running.call("chat.read", { room, seq }, bob),
  ];
  for (const out of await refusals(attempts)) expect(out).toMatchObject({ status: 403, code: "BANNED" });
  const banned = await running.call("chat.members", { room, state: "banned" }, ada);
  expect(banned.members.map(({ id }) => id)).toEqual([bob.id]);
  await to("chat.unban", ada, room, bob);
  await running.call("chat.join", { room }, bob);
  // a user who was never a member can be banned beforehand
  await to("chat.ban", ada, room, eve);
  expect(await refusal(running.call("chat.join", { room }, eve))).toMatchObject({ code: "BANNED" });
  expect(await refusal(running.call("chat.members", { room, state: "banned" }, bob))).toMatchObject({ status: 403 });
});

test("a ban from a private room hides it, and an invitation does not lift it", async () => {
  const { room } = await running.call("chat.create", { kind: "private", title: "Closed" }, ada);
  await running.call("chat.invite", { room, user: bob.id }, ada);
  await running.call("chat.join", { room }, bob);
  await to("chat.ban", ada, room, bob);
  expect(await refusal(history(bob, room))).toMatchObject({ code: "NOT_FOUND" });
  const again = running.call("chat.invite", { room, user: bob.id }, ada);
  expect(await refusal(again)).toMatchObject({ code: "ALREADY_KNOWN" });
  // kicked or uninvited, only a new invitation lets one in
  await running.call("chat.invite", { room, user: eve.id }, ada);
  await to("chat.kick", ada, room, eve);
  expect(await refusal(running.call("chat.join", { room }, eve))).toMatchObject({ code: "NOT_FOUND" });
});

test("rank decides: owners act on moderators, moderators on members, members on none, and none on an equal", async () => {
  const room = await roomWith(bob, eve);
  const all = (by: Caller, target: Caller) => [
    mute(by, room, target),
    to("chat.kick", by, room, target),
    to("chat.ban", by, room, target),
  ];
  for (const attempt of await refusals([...all(bob, eve), ...all(bob, ada), ...all(bob, bob)])) {
    expect(attempt).toMatchObject({ status: 403, code: "FORBIDDEN" });
  }
  expect(await refusal(role(bob, room, bob, "owner"))).toMatchObject({ status: 403 });
  await role(ada, room, bob, "moderator");
  for (const attempt of await refusals([
    ...all(bob, ada),
    ...all(bob, bob),
    role(bob, room, eve, "moderator"),
    role(bob, room, bob, "owner"),
  ])) {
    expect(attempt).toMatchObject({ status: 403, code: "FORBIDDEN" });
  }
  await mute(bob, room, eve, 1);
  await role(ada, room, eve, "moderator");
  for (const attempt of await refusals(all(bob, eve))) expect(attempt).toMatchObject({ status: 403 });
  expect(await refusal(role(ada, room, ada, "member"))).toMatchObject({ status: 409, code: "LAST_OWNER" });
  await role(ada, room, bob, "owner");
  for (const attempt of await refusals(all(bob, ada))) expect(attempt).toMatchObject({ status: 403 });
  expect(await refusal(role(bob, room, ada, "member"))).toMatchObject({ status: 403 });
  await role(ada, room, ada, "member");
  await to("chat.kick", bob, room, ada);
  expect(await refusal(role(bob, room, ada, "moderator"))).toMatchObject({ code: "NOT_FOUND", field: "user" });
  expect(await refusal(role(bob, room, eve, "king"))).toMatchObject({ code: "VALIDATION", field: "role" });
  expect(await refusal(running.call("chat.kick", { room, user: "nobody" }, bob))).toMatchObject({ field: "user" });
});

test("site moderators act in public rooms without being in them, which is audited; private ones they do not even see", async () => {
  const room = await roomWith(bob);
  const { seq } = await send(bob, room, "rude");
  expect(await refusal(history(guard, room))).toMatchObject({ code: "NOT_MEMBER" });
  await running.call("chat.delete", { room, seq }, guard);
  await mute(guard, room, ada);
  await to("chat.ban", guard, room, bob);
  await mute(guard, "lobby", bob);
  expect(await refusal(send(bob, "lobby"))).toMatchObject({ code: "MUTED" });
  await to("chat.unmute", guard, "lobby", bob);
  for (const target of [guard, ada]) {
    const attempt = await refusal(to("chat.kick", ada, room, target));
    expect(attempt).toMatchObject({ status: 403 });
  }
  const records = (await running.store.audit.list(50)).filter(({ actorId }) => actorId === guard.id);
  expect(records.map(({ action }) => action).filter((action) => /member|message/.test(action))).toEqual([
    "member.unmuted",
    "member.muted",
    "member.banned",
    "member.muted",
    "message.removed",
  ]);
  const { room: hidden } = await running.call("chat.create", { kind: "private", title: "Hidden" }, ada);
  await send(ada, hidden);
  for (const attempt of await refusals([
    to("chat.kick", guard, hidden, ada),
    mute(guard, hidden, ada),
    running.call("chat.delete", { room: hidden, seq: 1 }, guard),
    history(guard, hidden),
  ])) {
    expect(attempt).toMatchObject({ code: "NOT_FOUND" });
  }
});

test("an author edits for an hour; the edit is broadcast, and a member who was away gets it later", async () => {
  const room = await roomWith(bob);
  const { epoch, revision } = await running.call("chat.join", { room }, bob);
  const first = await send(ada, room, "furst");
  await send(ada, room, "second");
  const back = () => running.call("chat.join", { room, epoch, cursor: 2, revision }, bob);
  expect(await back()).toMatchObject({ recovered: true, messages: [], changed: [] });
  const { message } = await running.call("chat.edit", { room, seq: 1, text: " first " }, ada);
  expect(message).toEqual({ ...first, text: "first", editedAt: running.clock.now, revision: revision + 1 });
  expect(lastBroadcast()).toEqual(messageChanged(message));
  expect(await back()).toMatchObject({ recovered: true, messages: [], changed: [message], revision: revision + 1 });
  // what comes after the position is told as it is now anyway
  const fromTheStart = await running.call("chat.join", { room, epoch, cursor: 0, revision }, bob);
  expect([fromTheStart.messages[0], fromTheStart.changed]).toEqual([message, []]);
  const bogus = await running.call("chat.join", { room, epoch, cursor: 2, revision: revision + 99 }, bob);
  expect(bogus.recovered).toBe(false);
  expect(await refusal(running.call("chat.edit", { room, seq: 1, text: "not yours" }, bob))).toMatchObject({
    status: 403,
  });
  expect(await refusal(running.call("chat.edit", { room, seq: 9, text: "x" }, ada))).toMatchObject({ field: "seq" });
  running.clock.now += EDIT_WINDOW_MS;
  expect(await refusal(running.call("chat.edit", { room, seq: 1, text: "late" }, ada))).toMatchObject({
    code: "TOO_LATE",
  });
  // a retry of what was sent is still the same message
  const again = await running.call("chat.send", { room, text: "furst", clientId: first.clientId }, ada);
  expect(again.message).toEqual(message);
});

test("too many changes to tell are said not to be whole", async () => {
  const room = await roomWith(bob);
  const { epoch, revision } = await running.call("chat.join", { room }, bob);
  for (let n = 0; n < 201; n += 1) await send(ada, room);
  for (let n = 1; n <= 201; n += 1) await running.call("chat.edit", { room, seq: n, text: "changed" }, ada);
  const back = await running.call("chat.join", { room, epoch, cursor: 201, revision }, bob);
  expect([back.recovered, back.changed.length, back.messages.length]).toEqual([false, 0, 50]);
});

test("a deleted message leaves its place and nothing of its text in the store; its author and moderators delete", async () => {
  const room = await roomWith(bob, eve);
  const sent = await send(bob, room, "regrettable words @Ada");
  expect(await refusal(running.call("chat.delete", { room, seq: 1 }, eve))).toMatchObject({ status: 403 });
  const { message } = await running.call("chat.delete", { room, seq: 1 }, bob);
  const { mentions, ...rest } = sent;
  expect(mentions).toEqual([ada.id]);
  expect(message).toEqual({ ...rest, text: "", deletedAt: running.clock.now, revision: message.revision });
  expect(lastBroadcast()).toEqual(messageChanged(message));
  expect((await history(eve, room)).messages).toEqual([message]);
  const gone = { status: 410, code: "MESSAGE_DELETED", field: "seq" };
  expect(await refusal(running.call("chat.delete", { room, seq: 1 }, bob))).toMatchObject(gone);
  expect(await refusal(running.call("chat.edit", { room, seq: 1, text: "x" }, bob))).toMatchObject(gone);
  expect(await refusal(running.call("chat.report", { room, seq: 1, reason: "x" }, eve))).toMatchObject(gone);
  await send(bob, room, "another");
  await running.call("chat.delete", { room, seq: 2 }, ada);
});

test("members are mentioned by their names, strangers are not, and an address is no mention", async () => {
  const room = await roomWith(bob);
  const mentions = async (text: string) => (await send(ada, room, text)).mentions;
  expect(await mentions("@Bob Builder, can you fix it?")).toEqual([bob.id]);
  expect(await mentions("(@Ada) and @Bob Builder!")).toEqual(expect.arrayContaining([ada.id, bob.id]));
  expect(await mentions("@Eve is not here, write to ada@Ada or @nobody")).toBeUndefined();
  const { message } = await running.call("chat.edit", { room, seq: 3, text: "@Ada" }, ada);
  expect(message.mentions).toEqual([ada.id]);
  expect((await history(bob, room)).messages.at(-1)?.mentions).toEqual([ada.id]);
});

test("reports carry a copy to site moderators, who settle them; so a private room's message is removed without a look inside", async () => {
  const { room } = await running.call("chat.create", { kind: "private", title: "Dark" }, ada);
  await running.call("chat.invite", { room, user: bob.id }, ada);
  await running.call("chat.join", { room }, bob);
  const { seq } = await send(ada, room, "a threat");
  const report = (of: number, reason = "It threatens me.") =>
    running.call("chat.report", { room, seq: of, reason }, bob);
  await report(seq);
  await report(seq, "again");
  for (const user of [ada, bob])
    expect(await refusal(running.call("chat.reports", {}, user))).toMatchObject({ status: 403 });
  const { reports, more } = await running.call("chat.reports", {}, guard);
  expect(more).toBe(false);
  expect(reports).toEqual([
    {
      id: expect.any(String),
      at: running.clock.now,
      reporterId: bob.id,
      reason: "It threatens me.",
      room,
      seq,
      authorId: ada.id,
      text: "a threat",
    },
  ]);
  const [{ id } = { id: "" }] = reports;
  const settle = (outcome: string, by = guard) => running.call("chat.settleReport", { report: id, outcome }, by);
  expect(await refusal(settle("removed", ada))).toMatchObject({ status: 403 });
  expect(await refusal(settle("whatever"))).toMatchObject({ code: "VALIDATION", field: "outcome" });
  expect(await settle("removed")).toEqual({ outcome: "removed" });
  expect(await refusal(settle("dismissed"))).toMatchObject({ code: "NOT_FOUND" });
  expect((await running.call("chat.reports", {}, guard)).reports).toEqual([]);
  expect((await history(ada, room)).messages.at(-1)).toMatchObject({ text: "", deletedAt: running.clock.now });
  await running.store.reports.prune(running.clock.now + REPORT_RETENTION_MS);
  for (let n = 0; n < MAX_OPEN_REPORTS; n += 1) await report((await send(ada, room)).seq);
  expect(await refusal(report((await send(ada, room)).seq))).toMatchObject({ status: 409, code: "REPORTS" });
  expect(await refusal(report(seq + 1, "x".repeat(501)))).toMatchObject({ status: 422, field: "reason" });
});
