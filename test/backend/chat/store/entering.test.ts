import { expect, test } from "@jest/globals";
import type { MembershipState } from "../../../../backend/chat/membership.ts";
import type { Entry } from "../../../../backend/chat/store/index.ts";
import { storeForEach } from "../../store/each-test.ts";
import type { Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import { say } from "./rows.ts";

let store: Store;
let users = 0;
storeForEach((opened) => {
  store = opened;
  users = 0;
});

async function newUser(): Promise<string> {
  users += 1;
  const id = `u${users}`;
  await addUsers(store, id);
  return id;
}

/** A room with an owner, which cannot be joined by its name. */
async function newRoom(): Promise<string> {
  const owner = await newUser();
  const key = `room${users}`;
  const members = [{ id: owner, role: "owner", peerId: null }] as const;
  await store.rooms.open({ key, kind: "private", title: "Room", openedBy: owner, at: 1 }, members);
  return key;
}

const STATES = ["none", "invited", "in", "out", "banned"] as const;

/** Gives a user this membership in a room. One that is "in" or "out" is muted too. */
async function setMembership(key: string, userId: string, state: MembershipState | "none"): Promise<void> {
  if (state === "invited") await store.members.invite(key, userId, 1);
  if (state === "banned") await store.members.banOutsider(key, userId, 1);
  if (state !== "in" && state !== "out") return;
  await store.members.enter({ room: key, userId, at: 1, fromStates: ["none"], maxMembers: 99 });
  await store.members.setMuted(key, userId, 99);
  if (state === "out") await store.members.end(key, userId, "out", 2);
}

const FROM_STATES: readonly Entry["fromStates"][] = [["none"], ["invited"], ["out"], ["invited", "out", "none"]];

test("N7: a user enters from the states that the entry names, and from no others", async () => {
  for (const from of FROM_STATES) {
    for (const state of STATES) {
      const [key, userId] = [await newRoom(), await newUser()];
      await setMembership(key, userId, state);
      const before = await store.rooms.findStanding(key, userId);
      const { outcome, standing } = await store.members.enter({
        room: key,
        userId,
        at: 11,
        fromStates: from,
        maxMembers: 9,
        maxRooms: 9,
      });
      const after = await store.rooms.findStanding(key, userId);
      if (!from.includes(state)) {
        expect({ from, state, outcome, standing, after }).toEqual({
          ...{ from, state, outcome: "refused", standing: undefined, after: before },
        });
        continue;
      }
      expect({ from, state, outcome, standing }).toEqual({ from, state, outcome: "entered", standing: after });
      const revision = (before?.room.revision ?? 0) + 1;
      expect(after?.room).toEqual({ ...before?.room, revision, members: (before?.room.members ?? 0) + 1 });
      const mutedUntil = state === "out" ? 99 : null; // a mute outlives leaving
      expect(after?.membership).toEqual({ userId, role: "member", state: "in", since: revision, mutedUntil });
    }
  }
});

test("a full, closed or missing room, a disabled user and one in too many rooms each have their outcome", async () => {
  const [key, userId, disabled] = [await newRoom(), await newUser(), await newUser()];
  await store.users.disable(disabled, 5);
  const closed = await newRoom();
  await store.members.end(closed, `u${users}`, "out", 3);
  const entry = { room: key, userId, at: 1, fromStates: ["none"], maxMembers: 9 } as const;
  const enter = async (change: Partial<Entry>) => (await store.members.enter({ ...entry, ...change })).outcome;
  expect(await enter({ maxMembers: 1 })).toBe("full");
  expect(await enter({ room: closed })).toBe("full");
  expect(await enter({ room: "nowhere" })).toBe("full");
  expect(await enter({ userId: disabled })).toBe("refused");
  expect(await enter({ userId: "nobody" })).toBe("refused");
  expect(await enter({ maxRooms: 0 })).toBe("too-many");
  expect((await store.rooms.findStanding(key, userId))?.room).toMatchObject({ members: 1, revision: 0 });
  expect(await enter({ maxRooms: 1 })).toBe("entered");
});

test("many who enter at the same time do not exceed the room's limit, nor one user theirs", async () => {
  const key = await newRoom();
  const all = [];
  for (let n = 0; n < 12; n += 1) all.push(await newUser());
  const entry = { at: 1, fromStates: ["none"], maxMembers: 6 } as const;
  const entered = await Promise.all(all.map((userId) => store.members.enter({ ...entry, room: key, userId })));
  const inside = entered.filter(({ outcome }) => outcome === "entered");
  expect(inside.map(({ standing }) => standing?.membership?.since).sort()).toEqual([1, 2, 3, 4, 5]);
  expect((await store.rooms.findStanding(key, all[0] ?? ""))?.room).toMatchObject({ members: 6, revision: 5 });
  const userId = await newUser();
  const keys = [];
  for (let n = 0; n < 6; n += 1) keys.push(await newRoom());
  const joined = await Promise.all(
    keys.map((one) => store.members.enter({ ...entry, room: one, userId, maxRooms: 2 })),
  );
  expect(joined.filter(({ outcome }) => outcome === "entered")).toHaveLength(2);
});

test("for a user who enters, earlier messages count as read, and later ones do not", async () => {
  const [key, owner, userId] = [await newRoom(), `u${users}`, await newUser()];
  await say(store, "1", { room: key, authorId: owner });
  await store.members.enter({ room: key, userId, at: 1, fromStates: ["none"], maxMembers: 9 });
  await say(store, "2", { room: key, authorId: owner });
  expect(await store.rooms.list(userId, 9)).toMatchObject([{ key, seq: 2, read: 1 }]);
});

const byName = (name: string, userId: string, limits: Partial<Entry["opening"]> = {}): Entry => ({
  ...{ room: name, userId, at: 7, fromStates: ["invited", "out", "none"], maxMembers: 9, maxRooms: 9 },
  opening: { maxOpened: 9, openedSince: 0, maxOwned: 9, ...limits },
});

test("N7: when several users join a missing room by its name at the same time, one of them opens it", async () => {
  const all = [];
  for (let n = 0; n < 5; n += 1) all.push(await newUser());
  const entered = await Promise.all(all.map((userId) => store.members.enter(byName("barn", userId))));
  expect(entered.map(({ outcome }) => outcome).sort()).toEqual(["entered", "entered", "entered", "entered", "opened"]);
  const memberships = entered.map(({ standing }) => `${standing?.membership?.role} ${standing?.membership?.since}`);
  expect(memberships.sort()).toEqual(["member 1", "member 2", "member 3", "member 4", "owner 0"]);
  const found = await store.rooms.findStanding("barn", all[0] ?? "");
  expect(found?.room).toMatchObject({ kind: "public", title: null, seq: 0, members: 5, revision: 4 });
  expect(entered[0]?.standing?.room.epoch).toBe(found?.room.epoch);
  expect(await store.rooms.browse("ba", undefined, 9)).toEqual([{ room: "barn", members: 5 }]);
});

test("a room is opened within the user's limits, and under a name that looks like no other one", async () => {
  const [userId, other, disabled] = [await newUser(), await newUser(), await newUser()];
  await store.users.disable(disabled, 5);
  const enter = async (entry: Entry) => (await store.members.enter(entry)).outcome;
  expect(await enter(byName("barn", disabled))).toBe("refused");
  expect(await enter(byName("barn", userId, { maxOpened: 0 }))).toBe("opened-too-many");
  expect(await enter(byName("barn", userId, { maxOwned: 0 }))).toBe("too-many");
  expect(await enter({ ...byName("barn", userId), maxRooms: 0 })).toBe("too-many");
  expect(await store.rooms.findStanding("barn", userId)).toBeUndefined();
  expect(await enter(byName("loft", userId, { maxOpened: 1 }))).toBe("opened");
  expect(await enter(byName("barn", userId, { maxOpened: 1 }))).toBe("opened-too-many");
  expect(await enter(byName("barn", userId, { maxOpened: 1, openedSince: 7 }))).toBe("opened");
  expect(await enter(byName("shed", userId, { maxOwned: 2 }))).toBe("too-many");
  // at the same time: a user who may not open the room does not keep the next user from opening it
  const both = [byName("shed", userId, { maxOwned: 2 }), byName("shed", other)];
  expect(await Promise.all(both.map(enter))).toEqual(["too-many", "opened"]);
  const alike = await Promise.all([byName("1oft", other), byName("1oft", userId), byName("attic", other)].map(enter));
  expect(alike).toEqual(["looks-alike", "looks-alike", "opened"]);
  expect(await store.rooms.findStanding("1oft", other)).toBeUndefined();
  expect((await store.rooms.list(other, 9)).map(({ key }) => key)).toEqual(["attic", "shed"]);
});

test("when two rooms whose names look alike are opened at the same time, one is opened", async () => {
  const [one, other, third] = [await newUser(), await newUser(), await newUser()];
  const entries = [byName("tool1", one), byName("too11", other), byName("too11", third)];
  const outcomes = (await Promise.all(entries.map((entry) => store.members.enter(entry)))).map(
    ({ outcome }) => outcome,
  );
  expect(outcomes.filter((outcome) => outcome === "opened")).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === "looks-alike").length).toBeGreaterThanOrEqual(1);
  const left = await store.rooms.browse("too", undefined, 9);
  expect(left).toHaveLength(1);
  expect(left[0]?.members).toBe(outcomes.filter((outcome) => outcome === "opened" || outcome === "entered").length);
});

test("a user who is banned while entering is not in the room afterwards", async () => {
  const [key, userId] = [await newRoom(), await newUser()];
  await setMembership(key, userId, "in");
  const entry = { room: key, userId, at: 3, fromStates: ["out"], maxMembers: 9 } as const;
  const [entered, ended] = await Promise.all([
    store.members.enter(entry),
    store.members.end(key, userId, "banned", 3),
    store.members.enter(entry),
  ]);
  expect([entered.outcome, ended?.revision]).toEqual(["refused", 2]);
  expect((await store.rooms.findStanding(key, userId))?.membership?.state).toBe("banned");
});
