import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { channelOf } from "../../../backend/chat/channel.ts";
import { LIST_PAGE_SIZE, MAX_INVITATIONS, MAX_OPENED_PER_DAY, MAX_ROOMS } from "../../../backend/chat/room.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";

let running: Running;
let ada: Caller;
let bob: Caller;
let eve: Caller;
beforeAll(async () => {
  running = await startServices();
  [ada, bob, eve] = [await person("Ada"), await person("Bob"), await person("Eve")];
});
afterAll(() => running.stop());

const DAY = 24 * 60 * 60 * 1000;
let serial = 0;
const person = async (name: string): Promise<Caller> => (await running.register(name)).identity;
const refusal = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const join = (user: Caller, room: string) => running.call("chat.join", { room }, user);
const send = (user: Caller, room: string, text = "hi") =>
  running.call("chat.send", { room, text, clientId: `c${++serial}` }, user);
const create = (user: Caller, kind: string, title: string) => running.call("chat.create", { kind, title }, user);
const roomsOf = async (user: Caller) => (await running.call("chat.rooms", {}, user)).rooms;
const roomOf = async (user: Caller, room: string) => (await roomsOf(user)).find((one) => one.room === room);
/** What a user's devices were told of the user's memberships since so many events. */
const told = (user: Caller, since: number) =>
  running.announced
    .slice(since)
    .map(({ payload }) => payload as { event?: string; users?: string[]; payload: { change: string; room: string } })
    .filter(({ event, users }) => event === "membership" && users?.includes(user.id))
    .map(({ payload }) => payload);

test("a public room is its name: who makes it owns it, everybody finds and joins it, and it is there once", async () => {
  const made = await create(ada, "public", "Ｇarden ");
  expect(made).toMatchObject({ room: "garden", kind: "public", title: "garden", role: "owner", members: 1, unread: 0 });
  expect(await refusal(create(bob, "public", "GARDEN"))).toMatchObject({
    status: 409,
    code: "ROOM_EXISTS",
    field: "title",
  });
  await send(ada, "garden");
  expect(await refusal(send(bob, "garden"))).toMatchObject({ status: 403, code: "NOT_MEMBER", field: "room" });
  expect(await refusal(running.call("chat.history", { room: "garden" }, bob))).toMatchObject({ code: "NOT_MEMBER" });
  expect(await join(bob, "Garden")).toMatchObject({ room: "garden", kind: "public", role: "member", seq: 1 });
  expect(await roomOf(bob, "garden")).toMatchObject({ members: 2, seq: 1, read: 1, unread: 0 });
  await send(bob, "garden");
  expect(await roomOf(ada, "garden")).toMatchObject({ seq: 2, read: 0, unread: 2 });
  expect(await refusal(create(ada, "secret", "x"))).toMatchObject({ code: "VALIDATION", field: "kind" });
  expect(await refusal(create(ada, "public", "~x"))).toMatchObject({ code: "ROOM_NAME", field: "title" });
});

test("a public room is made when the first user joins it", async () => {
  expect(await join(ada, "fresh")).toMatchObject({ role: "owner", seq: 0, messages: [] });
  expect(await join(bob, "fresh")).toMatchObject({ role: "member" });
  expect(await refusal(send(eve, "never-opened"))).toMatchObject({ code: "NOT_FOUND" });
});

test("public rooms are found by the start of their names, in pages; others never", async () => {
  await create(ada, "private", "Browsable?");
  for (const name of ["été", "browse-b", "browse-a", "browse_", "browsé"]) await create(ada, "public", name);
  const browse = async (prefix?: string, after?: string) =>
    (await running.call("chat.browse", { ...(prefix && { prefix }), ...(after && { after }) }, eve)).rooms.map(
      ({ room }) => room,
    );
  expect(await browse("Browse")).toEqual(["browse-a", "browse-b", "browse_"]);
  expect(await browse("browse", "browse-a")).toEqual(["browse-b", "browse_"]);
  expect(await browse("ét")).toEqual(["été"]);
  expect(await browse()).toContain("lobby");
  expect((await browse()).filter((room) => room.startsWith("~"))).toEqual([]);
  running.clock.now += DAY;
  for (let n = 0; n < LIST_PAGE_SIZE; n += 1) {
    if (n % MAX_OPENED_PER_DAY.public === 0) running.clock.now += DAY;
    await running.store.rooms.open({ key: `page${n}`, kind: "public", title: null, openedBy: "x", at: 1 }, []);
  }
  const first = await running.call("chat.browse", { prefix: "p" }, eve);
  expect(first).toMatchObject({ more: false });
  await running.store.rooms.open({ key: "page", kind: "public", title: null, openedBy: "x", at: 1 }, []);
  const page = await running.call("chat.browse", { prefix: "p" }, eve);
  expect([page.rooms.length, page.more]).toEqual([LIST_PAGE_SIZE, true]);
});

test("a private room exists for those alone who are in it or invited", async () => {
  const { room } = await create(ada, "private", "Plans");
  expect(room).toMatch(/^~[\w-]{22}$/);
  expect((await create(ada, "private", "Plans")).room).not.toBe(room);
  await send(ada, room, "secret");
  const nowhere = `~${"x".repeat(22)}`;
  const attempts: ((key: string) => Promise<unknown>)[] = [
    (key) => join(eve, key),
    (key) => send(eve, key),
    (key) => running.call("chat.history", { room: key }, eve),
    (key) => running.call("chat.members", { room: key }, eve),
    (key) => running.call("chat.edit", { room: key, seq: 1, text: "x" }, eve),
    (key) => running.call("chat.delete", { room: key, seq: 1 }, eve),
    (key) => running.call("chat.report", { room: key, seq: 1, reason: "x" }, eve),
    (key) => running.call("chat.invite", { room: key, user: eve.id }, eve),
    (key) => running.call("chat.kick", { room: key, user: ada.id }, eve),
    (key) => running.call("chat.mute", { room: key, user: ada.id, seconds: 5 }, eve),
    (key) => running.call("chat.setRoomRole", { room: key, user: eve.id, role: "owner" }, eve),
    (key) => running.call("chat.read", { room: key, seq: 1 }, eve),
    (key) => running.call("chat.marks", { room: key }, eve),
    (key) => running.call("chat.typing", { room: key }, eve),
    (key) => running.call("chat.presence", { room: key }, eve),
    (key) => running.call("chat.leave", { room: key }, eve).then(() => Promise.reject({ left: "nothing" })),
  ];
  for (const attempt of attempts) expect(await refusal(attempt(room))).toEqual(await refusal(attempt(nowhere)));
  for (const attempt of attempts.slice(0, -1))
    expect(await refusal(attempt(room))).toMatchObject({ code: "NOT_FOUND" });

  const since = running.announced.length;
  await running.call("chat.invite", { room, user: bob.id }, ada);
  expect(told(bob, since)).toMatchObject([{ change: "invited", room, by: ada.id }]);
  expect(await roomOf(bob, room)).toMatchObject({ title: "Plans", role: null, unread: 0, members: 1 });
  expect(await refusal(running.call("chat.history", { room }, bob))).toMatchObject({ code: "NOT_FOUND" });
  expect(await refusal(running.call("chat.invite", { room, user: bob.id }, ada))).toMatchObject({
    code: "ALREADY_KNOWN",
  });
  expect(await join(bob, room)).toMatchObject({ kind: "private", role: "member", seq: 1 });
  expect(await refusal(running.call("chat.invite", { room, user: eve.id }, bob))).toMatchObject({ code: "FORBIDDEN" });
  await running.call("chat.invite", { room, user: eve.id }, ada);
  await running.call("chat.leave", { room }, eve); // declines
  expect(await refusal(join(eve, room))).toMatchObject({ code: "NOT_FOUND" });
  const members = await running.call("chat.members", { room }, bob);
  expect(members.members.map(({ name, role }) => `${name} ${role}`).sort()).toEqual(["Ada owner", "Bob member"]);
});

test("a user who has left neither reads nor writes, and every node is informed", async () => {
  await join(ada, "leaving");
  await join(bob, "leaving");
  const since = running.announced.length;
  await running.call("chat.leave", { room: "leaving" }, bob);
  expect(running.announced.slice(since).map(({ event }) => event)).toEqual([
    "sockets.unsubscribe",
    "sockets.broadcast",
  ]);
  const revision = (await running.store.rooms.findStanding("leaving", ada.id))?.room.revision;
  expect(running.announced[since]?.payload).toEqual({ channel: channelOf("leaving"), user: bob.id, revision });
  expect(await refusal(send(bob, "leaving"))).toMatchObject({ code: "NOT_MEMBER" });
  expect(await refusal(running.call("chat.history", { room: "leaving" }, bob))).toMatchObject({ code: "NOT_MEMBER" });
  expect(await roomOf(bob, "leaving")).toBeUndefined();
  const again = await join(bob, "leaving");
  expect(again.since).toBeGreaterThan(revision ?? 0);
});

test("the last owner's room goes to the moderator who has been there longest, then to a member; an empty private one is gone", async () => {
  const { room } = await create(ada, "private", "Handed over");
  for (const user of [bob, eve]) {
    await running.call("chat.invite", { room, user: user.id }, ada);
    running.clock.now += 1;
    await join(user, room);
  }
  await running.call("chat.setRoomRole", { room, user: eve.id, role: "moderator" }, ada);
  const since = running.announced.length;
  await running.call("chat.leave", { room }, ada);
  expect(told(eve, since)).toMatchObject([{ change: "role", role: "owner" }]);
  expect((await roomOf(eve, room))?.role).toBe("owner");
  await running.call("chat.leave", { room }, eve);
  expect((await roomOf(bob, room))?.role).toBe("owner");
  await running.call("chat.invite", { room, user: ada.id }, bob);
  await send(bob, room, "the last word");
  await running.call("chat.leave", { room }, bob);
  expect(await refusal(join(ada, room))).toMatchObject({ code: "NOT_FOUND" });
  expect(await roomOf(ada, room)).toBeUndefined();
  await running.store.rooms.prune();
  expect(await running.store.messages.after(room, 0, 10)).toEqual([]);
});

test("every user is in the lobby: none can leave it for good, own it or be banned from it", async () => {
  const root: Caller = { ...eve, roles: ["user", "moderator", "admin"] };
  expect((await roomOf(bob, "lobby"))?.role).toBe("member");
  await running.call("chat.leave", { room: "lobby" }, bob);
  await send(bob, "lobby");
  expect((await roomOf(bob, "lobby"))?.role).toBe("member");
  for (const action of ["chat.kick", "chat.ban", "chat.invite"] as const) {
    expect(await refusal(running.call(action, { room: "lobby", user: bob.id }, root))).toMatchObject({ code: "LOBBY" });
    expect(await refusal(running.call(action, { room: "lobby", user: bob.id }, ada))).toMatchObject({ status: 403 });
  }
  const owner = running.call("chat.setRoomRole", { room: "lobby", user: bob.id, role: "owner" }, root);
  expect(await refusal(owner)).toMatchObject({ code: "LOBBY" });
});

test("two users have one direct room, whichever opens it; when one leaves, the other cannot use it", async () => {
  const { room, title, peerId } = await running.call("chat.direct", { user: bob.id }, ada);
  expect([title, peerId]).toEqual(["Bob", bob.id]);
  const other = await running.call("chat.direct", { user: ada.id }, bob);
  expect([other.room, other.title]).toEqual([room, "Ada"]);
  await send(ada, room, "between us");
  expect(await refusal(join(eve, room))).toMatchObject({ code: "NOT_FOUND" });
  expect(await refusal(running.call("chat.kick", { room, user: bob.id }, ada))).toMatchObject({ code: "DIRECT_ROOM" });
  expect(await refusal(running.call("chat.delete", { room, seq: 1 }, bob))).toMatchObject({ code: "FORBIDDEN" });

  await running.call("chat.leave", { room }, bob);
  expect(await refusal(send(ada, room))).toMatchObject({ status: 409, code: "PEER_LEFT" });
  await running.call("chat.direct", { user: bob.id }, ada); // does not bring the other user back
  expect(await refusal(send(ada, room))).toMatchObject({ code: "PEER_LEFT" });
  await running.call("chat.leave", { room }, ada);
  await running.store.members.prune(running.clock.now + DAY, running.clock.now + DAY);
  await running.store.rooms.prune();
  await running.call("chat.direct", { user: bob.id }, ada);
  expect(await refusal(send(ada, room))).toMatchObject({ code: "PEER_LEFT" });
  await running.call("chat.direct", { user: ada.id }, bob);
  await send(ada, room, "again");
  expect((await running.call("chat.history", { room }, bob)).messages.map(({ text }) => text)).toEqual([
    "between us",
    "again",
  ]);
  expect(await refusal(running.call("chat.direct", { user: ada.id }, ada))).toMatchObject({ field: "user" });
  expect(await refusal(running.call("chat.direct", { user: "nobody" }, ada))).toMatchObject({ code: "NOT_FOUND" });
});

test("who removes the account is in no room any more, and what they owned goes to others", async () => {
  const leo = await running.register("Leo");
  await join(leo.identity, "leos");
  await join(bob, "leos");
  await running.call("chat.invite", { room: "garden", user: leo.user.id }, ada);
  await running.call("users.remove", { password: PASSWORD }, leo.identity);
  expect((await roomOf(bob, "leos"))?.role).toBe("owner");
  expect(await running.store.members.roomsOf(leo.user.id)).toEqual([]);
});

test("rooms, openings, invitations and members have limits", async () => {
  const mia = await person("Mia");
  for (let n = 0; n < MAX_OPENED_PER_DAY.public; n += 1) await create(mia, "public", `mia-${n}`);
  const tooMany = { status: 429, code: "ROOMS_OPENED", retryAfter: DAY / 1000 };
  expect(await refusal(create(mia, "public", "mia-more"))).toMatchObject(tooMany);
  expect(await refusal(join(mia, "mia-joined"))).toMatchObject(tooMany);
  running.clock.now += DAY + 1;
  for (let n = MAX_OPENED_PER_DAY.public; n < MAX_ROOMS.owned; n += 1) {
    await running.store.rooms.open({ key: `mia-${n}`, kind: "public", title: null, openedBy: "x", at: 1 }, [
      { id: mia.id, role: "owner", peerId: null },
    ]);
  }
  expect(await refusal(create(mia, "private", "more"))).toMatchObject({ status: 409, code: "ROOM_LIMIT" });
  for (let n = MAX_ROOMS.owned; n < MAX_ROOMS.joined; n += 1) {
    await running.store.rooms.open({ key: `all-${n}`, kind: "public", title: null, openedBy: "x", at: 1 }, [
      { id: mia.id, role: "member", peerId: null },
    ]);
  }
  await create(ada, "public", "one-too-many");
  // the lobby is one of them
  expect(await refusal(join(mia, "one-too-many"))).toMatchObject({ code: "ROOM_LIMIT" });
  const first = await running.call("chat.rooms", {}, mia);
  expect([first.rooms.length, first.more]).toEqual([LIST_PAGE_SIZE, true]);
  const next = await running.call("chat.rooms", { after: first.rooms.at(-1)?.room ?? "" }, mia);
  expect(next.rooms.filter(({ room }) => first.rooms.some((one) => one.room === room))).toEqual([]);

  for (let n = 0; n < MAX_INVITATIONS; n += 1) {
    await running.store.rooms.open({ key: `in-${n}`, kind: "public", title: null, openedBy: "x", at: 1 }, []);
    await running.store.members.invite(`in-${n}`, eve.id, 1);
  }
  const invite = running.call("chat.invite", { room: "one-too-many", user: eve.id }, ada);
  expect(await refusal(invite)).toMatchObject({ status: 409, code: "INVITATIONS", field: "user" });

  const entry = { room: "one-too-many", at: 1, fromStates: ["none"] as const, maxMembers: 2 };
  const enter = async (userId: string) => (await running.store.members.enter({ ...entry, userId })).outcome;
  expect([await enter(bob.id), await enter(eve.id)]).toEqual(["entered", "full"]);
});
