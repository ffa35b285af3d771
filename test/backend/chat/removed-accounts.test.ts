import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { chatHousekeeping } from "../../../backend/chat/housekeeping.ts";
import { housekeepingService } from "../../../backend/housekeeping.service.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";

let running: Running;
beforeEach(async () => {
  running = await startServices();
});
afterEach(() => running.stop());

/** What a node has done that dies between the removal of the account and the end of its memberships. */
const removeAccountAlone = async (id: string): Promise<void> => {
  const { store, clock } = running;
  const user = await store.users.find(id);
  const replacement = { email: `${id}@removed.invalid`, name: "Somebody who left", passwordHash: "" };
  expect(await store.users.anonymize(id, user?.passwordHash ?? "", replacement, clock.now)).toBe("anonymized");
};

const chatTasks = (store = running.store) => {
  const { clock } = running;
  const retention = { maxAge: undefined, perRoom: undefined };
  return chatHousekeeping({ store, clock: () => clock.now, retention, quota: Number.POSITIVE_INFINITY });
};

test("N6: where a node dies while an account is removed, its memberships end with the next round, and rooms have owners", async () => {
  const [ada, bob, eve] = [await running.register("Ada"), await running.register("Bob"), await running.register("Eve")];
  const { store, broker, announced } = running;
  const { room } = await running.call("chat.create", { kind: "private", title: "Plans" }, ada.identity);
  await running.call("chat.invite", { room, user: bob.user.id }, ada.identity);
  await running.call("chat.join", { room }, bob.identity);
  await running.call("chat.invite", { room, user: eve.user.id }, ada.identity);
  await removeAccountAlone(ada.user.id);
  await removeAccountAlone(eve.user.id);
  expect(await store.members.roomsOf(ada.user.id)).toEqual(expect.arrayContaining(["lobby", room]));
  expect(await store.members.roomsOf(eve.user.id)).toEqual(expect.arrayContaining(["lobby", room]));
  await broker.destroyService("housekeeping");
  announced.length = 0;
  broker.createService(housekeepingService(chatTasks()));
  const roomsOfRemoved = async () =>
    (await Promise.all([ada, eve].map(({ user }) => store.members.roomsOf(user.id)))).flat();
  while ((await roomsOfRemoved()).length > 0) await new Promise(setImmediate);
  await broker.destroyService("housekeeping"); // ends after the round
  expect((await store.rooms.findStanding(room, bob.user.id))?.membership?.role).toBe("owner");
  expect((await store.rooms.findStanding(room, bob.user.id))?.room.members).toBe(1);
  // every node takes the user's sockets out of the room, and the new owner is told
  expect(announced).toContainEqual({
    event: "sockets.unsubscribe",
    payload: expect.objectContaining({ channel: `chat:${room}`, user: ada.user.id }),
  });
  const owner = { room, user: bob.user.id, change: "role", role: "owner" };
  expect(announced).toContainEqual({
    event: "sockets.broadcast",
    payload: { users: [bob.user.id], event: "membership", payload: expect.objectContaining(owner) },
  });
});

test("N6: a later round finds accounts that were removed since the round before", async () => {
  const [ada, bob] = [await running.register("Ada"), await running.register("Bob")];
  const { store, broker, clock } = running;
  await broker.destroyService("housekeeping");
  const [round] = chatTasks().filter(({ intervalMs }) => intervalMs === 60_000);
  const { signal } = new AbortController();
  for (const { user } of [ada, bob]) {
    await removeAccountAlone(user.id);
    await round?.run(signal, broker);
    expect(await store.members.roomsOf(user.id)).toEqual([]);
    clock.now += 24 * 60 * 60 * 1000;
  }
});

test("N6: memberships that cannot be ended do not keep those of other removed accounts, and are tried again", async () => {
  const [ada, bob] = [await running.register("Ada"), await running.register("Bob")];
  const { store, broker } = running;
  await broker.destroyService("housekeeping");
  await removeAccountAlone(ada.user.id);
  await removeAccountAlone(bob.user.id);
  let isBroken = true;
  const findStanding: typeof store.rooms.findStanding = async (room, user) => {
    if (isBroken && user === ada.user.id) throw new Error("Ada's row cannot be read");
    return store.rooms.findStanding(room, user);
  };
  const rooms = { findStanding } as typeof store.rooms;
  const [round] = chatTasks({ ...store, rooms }).filter(({ intervalMs }) => intervalMs === 60_000);
  const roomsLeft = () => Promise.all([ada, bob].map(({ user }) => store.members.roomsOf(user.id)));
  const { signal } = new AbortController();
  await expect(round?.run(signal, broker)).rejects.toThrow("Ada's row cannot be read");
  expect(await roomsLeft()).toEqual([["lobby"], []]);
  isBroken = false;
  running.clock.now += 24 * 60 * 60 * 1000;
  await round?.run(signal, broker);
  expect(await roomsLeft()).toEqual([[], []]);
});

test("an invitation to a private room that its last member has left ends with the account", async () => {
  const [ada, bob] = [await running.register("Ada"), await running.register("Bob")];
  const { room } = await running.call("chat.create", { kind: "private", title: "Plans" }, ada.identity);
  await running.call("chat.invite", { room, user: bob.user.id }, ada.identity);
  await running.call("chat.leave", { room }, ada.identity);
  await running.call("users.remove", { password: PASSWORD }, bob.identity);
  expect(await running.store.members.roomsOf(bob.user.id)).toEqual([]);
});

test("the messages of an account that is removed stay, and do not say whose they were", async () => {
  const [ada, bob] = [await running.register("Ada"), await running.register("Bob")];
  await running.call("chat.send", { room: "lobby", text: "I was here", clientId: "c1" }, ada.identity);
  await running.call("users.remove", { password: PASSWORD }, ada.identity);
  const { messages } = await running.call("chat.join", { room: "lobby" }, bob.identity);
  expect(messages).toMatchObject([{ text: "I was here", author: { name: "Somebody who left" } }]);
});
