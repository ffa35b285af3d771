import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MAX_OPEN_REPORTS } from "../../../backend/chat/moderation.ts";
import { MAX_INVITATIONS, MAX_OPENED_PER_DAY, MAX_ROOMS } from "../../../backend/chat/room.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";
import { newSession } from "../store/rows.ts";

/*
 * Limits and rules of rooms that hold for one call hold for calls at the same moment too. test/real/postgres runs the
 * same on PostgreSQL, where transactions really overlap.
 */

let running: Running;
beforeAll(async () => {
  running = await startServices();
});
afterAll(() => running.stop());

let serial = 0;
const person = async (): Promise<Caller> => {
  const id = `p${++serial}`;
  const facts = { email: `${id}@example.org`, name: id, passwordHash: "x", createdAt: serial, disabledAt: null };
  await running.store.users.create({ id, role: "user", ...facts });
  await running.store.sessions.create(newSession(`s-${id}`, id));
  return { id, roles: ["user"], sid: `s-${id}` };
};

const room = async (owner: Caller, ...members: Caller[]): Promise<string> => {
  const key = `r${++serial}`;
  const people = [owner, ...members].map(({ id }) => {
    return { id, role: id === owner.id ? "owner" : "member", peerId: null } as const;
  });
  await running.store.rooms.open({ key, kind: "public", title: null, openedBy: "x", at: 1 }, people);
  return key;
};

const outcome = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "accepted",
    (error) => publicError(error).code,
  );

/** How often each outcome came about, of so many calls at once. */
async function atOnce(count: number, attempt: (n: number) => Promise<unknown>): Promise<Record<string, number>> {
  const outcomes = await Promise.all(Array.from({ length: count }, (_, n) => outcome(attempt(n))));
  const counts: Record<string, number> = {};
  for (const one of outcomes) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

/** The hash that a user has whose password is `PASSWORD`. */
const hashOfPassword = async (): Promise<string> => {
  const { user } = await running.register(`Hash${++serial}`);
  return (await running.store.users.find(user.id))?.passwordHash ?? "";
};

test.each(["private", "public"] as const)(
  "S8: a user opens so many %s rooms a day, however many at once",
  async (kind) => {
    const ada = await person();
    const create = (n: number) => running.call("chat.create", { kind, title: `${ada.id}-${n}` }, ada);
    expect(await atOnce(30, create)).toEqual({
      accepted: MAX_OPENED_PER_DAY[kind],
      ROOMS_OPENED: 30 - MAX_OPENED_PER_DAY[kind],
    });
  },
);

test("S8: a user opens so many direct rooms a day, however many at once", async () => {
  const ada = await person();
  const others: Caller[] = [];
  for (let n = 0; n < 40; n += 1) others.push(await person());
  const open = (n: number) => running.call("chat.direct", { user: others[n]?.id ?? "" }, ada);
  expect(await atOnce(40, open)).toEqual({
    accepted: MAX_OPENED_PER_DAY.direct,
    ROOMS_OPENED: 40 - MAX_OPENED_PER_DAY.direct,
  });
});

test("S8: two users who open their direct room at once get the same one, without a deadlock", async () => {
  for (let round = 0; round < 10; round += 1) {
    const pair = [await person(), await person()] as const;
    const open = (n: number) => running.call("chat.direct", { user: pair[1 - n]?.id ?? "" }, pair[n]);
    expect(await atOnce(2, open)).toEqual({ accepted: 2 });
  }
});

test("S8: so many invitations wait for a user, however many come at once and from whomever", async () => {
  const [ada, bob, eve] = [await person(), await person(), await person()];
  const rooms: string[] = [];
  for (let n = 0; n < MAX_INVITATIONS + 20; n += 1) rooms.push(await room(n % 2 ? ada : bob));
  const invite = (n: number) => running.call("chat.invite", { room: rooms[n] ?? "", user: eve.id }, n % 2 ? ada : bob);
  expect(await atOnce(rooms.length, invite)).toEqual({ accepted: MAX_INVITATIONS, INVITATIONS: 20 });
});

test("S8: a user is in so many rooms and owns so many, however many calls come at once", async () => {
  const [ada, eve] = [await person(), await person()];
  const rooms: string[] = [];
  for (let n = 0; n < MAX_ROOMS.joined + 10; n += 1) rooms.push(await room(ada));
  const join = (n: number) => running.call("chat.join", { room: rooms[n] ?? "" }, eve);
  expect(await atOnce(rooms.length, join)).toEqual({ accepted: MAX_ROOMS.joined, ROOM_LIMIT: 10 });

  const bob = await person();
  const owned: string[] = [];
  for (let n = 0; n < MAX_ROOMS.owned + 10; n += 1) owned.push(await room(ada, bob));
  const make = (n: number) =>
    running.call("chat.setRoomRole", { room: owned[n] ?? "", user: bob.id, role: "owner" }, ada);
  expect(await atOnce(owned.length, make)).toEqual({ accepted: MAX_ROOMS.owned, ROOM_LIMIT: 10 });
});

test("S8: so many reports of a user are open, however many come at once", async () => {
  const [ada, eve] = [await person(), await person()];
  const key = await room(ada, eve);
  for (let n = 0; n < MAX_OPEN_REPORTS + 10; n += 1)
    await running.call("chat.send", { room: key, text: "hi", clientId: `m${n}` }, ada);
  const report = (n: number) => running.call("chat.report", { room: key, seq: n + 1, reason: "x" }, eve);
  expect(await atOnce(MAX_OPEN_REPORTS + 10, report)).toEqual({ accepted: MAX_OPEN_REPORTS, REPORTS: 10 });
});

test("S8: a removed or disabled account enters no room by a call that was under way", async () => {
  const { store } = running;
  const passwordHash = await hashOfPassword();
  const owner = await person();
  for (let round = 0; round < 8; round += 1) {
    const ada = await person();
    await store.users.replacePasswordHash(ada.id, "x", passwordHash);
    const rooms: string[] = [];
    for (let n = 0; n < 6; n += 1) rooms.push(await room(owner));
    await Promise.all([
      outcome(running.call("users.remove", { password: PASSWORD }, ada)),
      ...rooms.map(async (key, n) => {
        await new Promise((resolve) => setTimeout(resolve, n * 2));
        const join = () => running.call("chat.join", { room: key }, ada);
        return outcome(n % 2 ? join() : running.call("chat.invite", { room: key, user: ada.id }, owner));
      }),
    ]);
    expect(await store.members.roomsOf(ada.id)).toEqual([]);
  }
});

const ends: readonly [string, (user: Caller) => Promise<unknown>][] = [
  ["a disabled account", ({ id }) => running.store.users.disable(id, 1)],
  ["a session that has ended", ({ sid }) => running.store.sessions.end(sid, "logout", 1)],
];

test.each(ends)("S8: %s sends, edits, deletes and moderates nothing by a call that was under way", async (_, end) => {
  const [ada, bob] = [await person(), await person()];
  const attic = await room(ada, bob);
  const send = (user: Caller) =>
    running.call("chat.send", { room: attic, text: "hello", clientId: `c${++serial}` }, user);
  const { message } = await send(ada);
  const { seq } = message;
  await running.call("chat.report", { room: attic, seq, reason: "rude" }, bob);
  const [report] = (await running.store.reports.listOpen(100)).filter(({ room }) => room === attic);
  const moderator: Caller = { ...ada, roles: ["user", "moderator"] };
  const attempts = () => ({
    send: outcome(send(ada)),
    edit: outcome(running.call("chat.edit", { room: attic, seq, text: "bye" }, ada)),
    delete: outcome(running.call("chat.delete", { room: attic, seq }, ada)),
    mute: outcome(running.call("chat.mute", { room: attic, user: bob.id, seconds: 60 }, ada)),
    kick: outcome(running.call("chat.kick", { room: attic, user: bob.id }, ada)),
    settle: outcome(running.call("chat.settleReport", { report: report?.id ?? "", outcome: "removed" }, moderator)),
  });
  await end(ada);
  const outcomes = Object.entries(attempts()).map(async ([name, attempt]) => [name, await attempt]);
  expect(Object.fromEntries(await Promise.all(outcomes))).toEqual({
    send: "NOT_FOUND",
    edit: "NOT_FOUND",
    delete: "NOT_FOUND",
    mute: "NOT_FOUND",
    kick: "NOT_FOUND",
    settle: "NOT_FOUND",
  });
  expect((await running.store.reports.listOpen(100)).filter(({ room }) => room === attic)).toEqual([report]);
  expect(await running.store.messages.after(attic, 0, 10)).toEqual([message]);
  expect((await running.store.rooms.findStanding(attic, bob.id))?.membership).toMatchObject({
    state: "in",
    mutedUntil: null,
  });
  await send(bob);
});

test("25 times at once: a user who is banned while joining is banned and not in the room", async () => {
  const ada = await person();
  for (let round = 0; round < 25; round += 1) {
    const eve = await person();
    const key = await room(ada);
    const join = () => outcome(running.call("chat.join", { room: key }, eve));
    const ban = () => outcome(running.call("chat.ban", { room: key, user: eve.id }, ada));
    const outcomes = await Promise.all(round % 2 ? [join(), ban(), join()] : [ban(), join(), join()]);
    expect(outcomes[round % 2]).toBe("accepted");
    const standing = await running.store.rooms.findStanding(key, eve.id);
    expect(standing).toMatchObject({ room: { members: 1 }, membership: { state: "banned" } });
    expect(await outcome(running.call("chat.send", { room: key, text: "hi", clientId: "c" }, eve))).toBe("BANNED");
  }
});

test("a user who enters and leaves again and again while a ban is under way is banned all the same", async () => {
  const { members } = running.store;
  const [end, banOutsider] = [members.end.bind(members), members.banOutsider.bind(members)];
  const [ada, eve] = [await person(), await person()];
  const key = await room(ada);
  let entries = 2;
  members.end = async (...args) => {
    const ended = await end(...args);
    if (!ended && entries-- > 0) await running.call("chat.join", { room: key }, eve);
    return ended;
  };
  members.banOutsider = async (...args) => {
    const isBanned = await banOutsider(...args);
    if (!isBanned) await end(key, eve.id, "out", running.clock.now);
    return isBanned;
  };
  try {
    await running.call("chat.ban", { room: key, user: eve.id }, ada);
  } finally {
    Object.assign(members, { end, banOutsider });
  }
  expect(entries).toBeLessThan(0);
  expect((await running.store.rooms.findStanding(key, eve.id))?.membership?.state).toBe("banned");
});

test("S8: a moderator who loses the role during a ban bans no user, and none bans a user who has become an owner", async () => {
  const { members } = running.store;
  const end = members.end.bind(members);
  const [ada, mod, eve] = [await person(), await person(), await person()];
  const key = await room(ada, mod, eve);
  /** Does something after the call was allowed and before it takes effect. */
  const before = async (meanwhile: () => Promise<unknown>) => {
    await members.setRole(key, mod.id, "moderator");
    members.end = async (...args) => {
      members.end = end;
      await meanwhile();
      return end(...args);
    };
    return outcome(running.call("chat.ban", { room: key, user: eve.id }, mod)).finally(() => {
      members.end = end;
    });
  };
  expect(await before(() => members.setRole(key, mod.id, "member"))).toBe("FORBIDDEN");
  expect(await before(() => members.setRole(key, eve.id, "owner"))).toBe("FORBIDDEN");
  await members.setRole(key, eve.id, "member");
  expect(await before(() => end(key, mod.id, "out", 1))).toBe("NOT_MEMBER");
  expect((await running.store.rooms.findStanding(key, eve.id))?.membership?.state).toBe("in");
});

test("S11: of rooms opened at once with names that look alike one is there", async () => {
  const owner = await person();
  const titles = ["scoop", "\u0455\u0441\u043e\u043e\u0440"];
  const open = (n: number) => running.call("chat.create", { kind: "public", title: titles[n] ?? "" }, owner);
  expect(await atOnce(2, open)).toEqual({ accepted: 1, ROOM_ALIKE: 1 });
});
