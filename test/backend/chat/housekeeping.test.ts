import { expect, test } from "@jest/globals";
import { chatHousekeeping } from "../../../backend/chat/housekeeping.ts";
import type { Retention } from "../../../backend/chat/store/index.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { type HousekeepingTask, housekeepingService } from "../../../backend/housekeeping.service.ts";
import { type Running, startServices } from "../start-services.ts";

const NO_LIMIT = { maxAge: undefined, perRoom: undefined };
const DAY = 24 * 60 * 60 * 1000;

function tasksOf({ store, clock }: Running, retention: Retention): readonly HousekeepingTask[] {
  return chatHousekeeping({ store, clock: () => clock.now, retention, quota: Number.POSITIVE_INFINITY });
}

test("S10: messages beyond a number for each room or an age are removed, and a client that missed them is informed", async () => {
  const running = await startServices();
  const { store, clock } = running;
  const ada = await running.register("Ada");
  for (const [room, count] of [
    ["busy", 1203],
    ["calm", 3],
  ] as const) {
    await store.rooms.open({ key: room, kind: "public", title: null, openedBy: "x", at: 1 }, [
      { id: ada.user.id, role: "owner", peerId: null },
    ]);
    const say = (n: number) =>
      store.messages.append(
        {
          room,
          authorId: ada.user.id,
          sid: ada.identity.sid,
          clientId: `${room}-${n}`,
          text: `text ${n}`,
          at: clock.now + n,
        },
        () => undefined,
      );
    for (let n = 1; n <= count; n += 1) await say(n);
  }
  const prune = (limits: { maxAge?: number; perRoom?: number }) =>
    store.messages.prune({ ...NO_LIMIT, ...limits }, clock.now, new AbortController().signal);
  const seqs = async (room: string) => (await store.messages.after(room, 0, 2000)).map(({ seq }) => seq);
  await prune({});
  expect((await seqs("busy")).length).toBe(1203);
  await prune({ perRoom: 100 });
  expect(await seqs("busy")).toEqual(Array.from({ length: 100 }, (_, n) => 1104 + n));
  expect(await seqs("calm")).toEqual([1, 2, 3]);
  const { epoch, revision } = await running.call("chat.join", { room: "busy" }, ada.identity);
  const join = (cursor: number) => running.call("chat.join", { room: "busy", cursor, epoch, revision }, ada.identity);
  expect(await join(1103)).toMatchObject({ recovered: true, seq: 1203 });
  expect(await join(1102)).toMatchObject({ recovered: false, seq: 1203 });
  // numbers go on where they were
  const said = await running.call("chat.send", { room: "busy", text: "on", clientId: "on" }, ada.identity);
  expect(said.message.seq).toBe(1204);

  clock.now += 2 * DAY;
  await running.call("chat.send", { room: "calm", text: "young", clientId: "young" }, ada.identity);
  await prune({ maxAge: DAY });
  expect([await seqs("busy"), await seqs("calm")]).toEqual([[], [4]]);
  expect(await join(1204)).toMatchObject({ recovered: true, messages: [] });
  expect(await join(1203)).toMatchObject({ recovered: false, messages: [] });
  await running.stop();
});

test("S10: housekeeping removes messages by itself where there is a limit, and keeps all where there is none", async () => {
  const running = await startServices();
  const { store, clock, broker } = running;
  const ada = await running.register("Ada");
  await broker.destroyService("housekeeping");
  for (let n = 0; n < 5; n += 1)
    await running.call("chat.send", { room: "lobby", text: `${n}`, clientId: `c${n}` }, ada.identity);
  const withLimits = async (retention: { maxAge: number | undefined; perRoom: number | undefined }) => {
    broker.createService(housekeepingService(tasksOf(running, retention)));
    await broker.waitForServices("housekeeping");
    await broker.destroyService("housekeeping"); // ends after the slice that is under way
    return (await store.messages.after("lobby", 0, 10)).length;
  };
  expect(await withLimits(NO_LIMIT)).toBe(5);
  expect(await withLimits({ maxAge: undefined, perRoom: 2 })).toBe(2);
  clock.now += DAY;
  expect(await withLimits({ maxAge: DAY / 2, perRoom: undefined })).toBe(0);
  await running.stop();
});

test("S10: one user's messages take so many bytes, however many come at once; deleting and removing give them back", async () => {
  const running = await startServices({ quota: 20_000 });
  const { store } = running;
  const ada = await running.register("Ada");
  const bob = await running.register("Bob");
  let serial = 0;
  const code = (error: unknown) => publicError(error).code;
  const send = (text: string, who: Caller = ada.identity) =>
    running
      .call("chat.send", { room: "lobby", text, clientId: `c${++serial}` }, who)
      .then(({ message }) => message.seq, code);
  const big = "\u6f22".repeat(600); // 1,800 bytes, 2,000 with its row
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => send(big)));
  const stored = outcomes.filter((one) => typeof one === "number");
  expect(stored).toHaveLength(10);
  expect(outcomes.filter((one) => one === "MESSAGE_QUOTA")).toHaveLength(20);
  expect(await send("x")).toBe("MESSAGE_QUOTA");
  expect(await send(big, bob.identity)).toEqual(expect.any(Number));
  await running.call("chat.delete", { room: "lobby", seq: Number(stored[0]) }, ada.identity);
  expect(await send("x".repeat(1601))).toBe("MESSAGE_QUOTA");
  const small = await send("x".repeat(1500));
  expect(small).toEqual(expect.any(Number));
  const edit = (text: string) =>
    running.call("chat.edit", { room: "lobby", seq: Number(small), text }, ada.identity).then(() => "accepted", code);
  expect(await edit("y".repeat(1601))).toBe("MESSAGE_QUOTA");
  expect(await edit("y".repeat(1000))).toBe("accepted");
  expect(await edit("y".repeat(1600))).toBe("accepted");
  expect(await edit("y".repeat(1601))).toBe("MESSAGE_QUOTA");
  await store.messages.prune({ maxAge: undefined, perRoom: 5 }, 0, new AbortController().signal);
  expect(await send(big)).toEqual(expect.any(Number));
  await running.stop();
});
