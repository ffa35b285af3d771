import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { channelOf } from "../../../../backend/chat/channel.ts";
import { announce, announceHere, type Emitted, type ResultOf, refuse } from "../../../../backend/contract/index.ts";
import type { ChannelPosition, SocketFeature } from "../../../../backend/gateway/index.ts";
import { emit } from "../../socket-calls.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { joinedRoom, startChatGateway, testChatSockets } from "../chat-gateway.ts";

let gateway: TestGateway;
/** What happens between an action's look at the history and its answer. */
let meanwhile: () => Promise<unknown> = async () => undefined;
/** The state that the next join has looked at. */
let state = { seq: 5, revision: 3 };

beforeAll(async () => {
  gateway = await startChatGateway({
    "chat.join": async (ctx) => {
      const room = ctx.params.room.toLowerCase();
      if (room === "closed") throw refuse("FORBIDDEN");
      const looked = state;
      await meanwhile();
      return joinedRoom(room, { ...looked, since: 2 });
    },
    "chat.leave": (ctx) => ({ room: ctx.params.room.toLowerCase() }),
    "chat.history": () => ({}) as never,
  });
});
afterAll(() => gateway.stop());
/** Ends what one test has started. */
const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** Another one than that of joining: no event is held for one that was sent before. */
const EPOCH = "other";

const say = (room: string | undefined, seq: number) =>
  announce(gateway.broker, "sockets.broadcast", {
    ...(room === undefined ? {} : { channel: channelOf(room) }),
    event: "message",
    payload: { room, seq } as never,
    position: { epoch: EPOCH, seq },
  });

async function listener(name: string) {
  const socket = await gateway.connect(tokenOf(name));
  const heard: number[] = [];
  socket.on("message", ({ seq }: { seq: number }) => heard.push(seq));
  return {
    socket,
    heard,
    /** What has been heard once everything sent so far has arrived. */
    async settled() {
      await emit(socket, "call", "chat.history", { room: "x" });
      return heard;
    },
  };
}

test("only who joined a room hears it, by the room's one name (backend-stack 1.2 no. 10)", async () => {
  const [inside, outside] = [await listener("inside"), await listener("outside")];
  await emit(inside.socket, "call", "chat.join", { room: "LOBBY" });
  await say("lobby", 6);
  await say("other", 7);
  await say("", 8);
  expect(await inside.settled()).toEqual([6]);
  expect(await outside.settled()).toEqual([]);
  await emit(inside.socket, "call", "chat.leave", { room: "Lobby" });
  await say("lobby", 9);
  expect(await inside.settled()).toEqual([6]);
  await say(undefined, 10);
  expect([await inside.settled(), await outside.settled()]).toEqual([[6, 10], [10]]);
});

test("a room cannot have the name of a socket, a user or a session: joining one gives no events of theirs", async () => {
  const victim = await listener("victim");
  const spy = await listener("spy");
  await emit(spy.socket, "call", "chat.join", { room: String(victim.socket.id) });
  await emit(spy.socket, "call", "chat.join", { room: "user:victim" });
  await emit(spy.socket, "call", "chat.join", { room: "session:s-victim" });
  const kept = await listener("kept");
  await emit(kept.socket, "call", "chat.join", { room: "session:s-spy" });
  const gone = new Promise((resolve) => spy.socket.once("disconnect", resolve));
  await announce(gateway.broker, "session.ended", { sid: "s-spy" });
  await gone;
  expect(await victim.settled()).toEqual([]);
  expect(kept.socket.connected).toBe(true);
});

test("neither a refused join nor a client's claim to have joined gives the room's events", async () => {
  const { socket, settled } = await listener("refused");
  expect((await emit(socket, "call", "chat.join", { room: "closed" })).error?.code).toBe("FORBIDDEN");
  await emit(socket, "join", "closed");
  await emit(socket, "call", "chat.leave", { room: "x", $join: "closed" });
  await say("closed", 6);
  expect(await settled()).toEqual([]);
});

test("messages sent while a user joins are neither lost nor doubled", async () => {
  const joiner = await listener("joiner");
  meanwhile = async () => {
    await say("lobby", 5); // already in the state that the action answers
    await say("lobby", 6);
    await say("other", 7);
  };
  await emit(joiner.socket, "call", "chat.join", { room: "lobby" });
  meanwhile = async () => undefined;
  await say("lobby", 8);
  expect(await joiner.settled()).toEqual([6, 8]);
  // who is in the room already hears each once
  meanwhile = () => say("lobby", 9);
  await emit(joiner.socket, "call", "chat.join", { room: "lobby" });
  meanwhile = async () => undefined;
  expect(await joiner.settled()).toEqual([6, 8, 9]);
});

test("N6: what another client has when it joins is not lost to one that looked at the room before", async () => {
  const [slow, quick] = [await listener("slow"), await listener("quick")];
  const changes: number[] = [];
  slow.socket.on("messageChanged", ({ seq }: { seq: number }) => changes.push(seq));
  const tellBoth = async () => {
    const channel = channelOf("fresh");
    const { epoch } = joinedRoom("fresh");
    const payload = (seq: number) => ({ room: "fresh", seq }) as never;
    await announce(gateway.broker, "sockets.broadcast", {
      ...{ channel, event: "message", payload: payload(6), position: { epoch, seq: 6 } },
    });
    await announce(gateway.broker, "sockets.broadcast", {
      ...{ channel, event: "messageChanged", payload: payload(4), position: { epoch, revision: 4 } },
    });
  };
  meanwhile = async () => {
    meanwhile = async () => undefined;
    state = { seq: 6, revision: 4 };
    await emit(quick.socket, "call", "chat.join", { room: "fresh" });
    state = { seq: 5, revision: 3 };
    await tellBoth();
  };
  await emit(slow.socket, "call", "chat.join", { room: "fresh" });
  expect(await slow.settled()).toEqual([6]);
  expect(changes).toEqual([4]);
  expect(await quick.settled()).toEqual([]);
});

const leave = (user: string, room: string, revision: number) =>
  announce(gateway.broker, "sockets.unsubscribe", { user, channel: channelOf(room), revision });

test("who is put out of a room hears nothing more of it, on any device; others and other rooms go on", async () => {
  const [phone, laptop, other] = [await listener("out"), await listener("out"), await listener("stays")];
  for (const { socket } of [phone, laptop, other]) await emit(socket, "call", "chat.join", { room: "lobby" });
  await emit(phone.socket, "call", "chat.join", { room: "elsewhere" });
  await leave("out", "lobby", 3);
  await say("lobby", 6);
  await say("elsewhere", 7);
  expect([await phone.settled(), await laptop.settled(), await other.settled()]).toEqual([[7], [], [6]]);
});

test("who is put out between the action's look and the socket's joining is refused: no listener is left behind", async () => {
  const joiner = await listener("raced");
  meanwhile = () => leave("raced", "lobby", 3);
  const { error } = await emit(joiner.socket, "call", "chat.join", { room: "lobby" });
  meanwhile = async () => undefined;
  expect(error?.code).toBe("NOT_FOUND");
  await say("lobby", 6);
  expect(await joiner.settled()).toEqual([]);
});

test("a late end does not end a newer membership, nor does the end of another user's", async () => {
  const joiner = await listener("back");
  meanwhile = async () => {
    await leave("back", "lobby", 1); // before the membership, which began at the room's revision 2
    await leave("else", "lobby", 3);
    await leave("back", "other", 3);
  };
  await emit(joiner.socket, "call", "chat.join", { room: "lobby" });
  meanwhile = async () => undefined;
  await leave("back", "lobby", 2);
  await say("lobby", 6);
  expect(await joiner.settled()).toEqual([6]);
});

test("a change that is in the state already is not told to who joins; a newer one is", async () => {
  const joiner = await listener("changes");
  const revisions: number[] = [];
  joiner.socket.on("messageChanged", ({ revision }: { revision: number }) => revisions.push(revision));
  const change = (revision: number) =>
    announce(gateway.broker, "sockets.broadcast", {
      channel: channelOf("lobby"),
      event: "messageChanged",
      payload: { revision } as never,
      position: { epoch: EPOCH, revision },
    });
  meanwhile = async () => {
    await change(3);
    await change(4);
  };
  await emit(joiner.socket, "call", "chat.join", { room: "lobby" });
  meanwhile = async () => undefined;
  await joiner.settled();
  expect(revisions).toEqual([4]);
});

test("what is for one user's devices reaches those alone; what is for the others of a room spares them", async () => {
  const [phone, laptop, other] = [await listener("mine"), await listener("mine"), await listener("theirs")];
  await emit(other.socket, "call", "chat.join", { room: "lobby" });
  await emit(laptop.socket, "call", "chat.join", { room: "lobby" });
  const send = (audience: object, seq: number) =>
    announce(gateway.broker, "sockets.broadcast", { ...audience, event: "message", payload: { seq } as never });
  await send({ users: ["mine"] }, 20);
  await send({ channel: channelOf("lobby"), except: "mine" }, 21);
  await send({ channel: channelOf("lobby"), users: ["mine"] }, 22);
  expect(await phone.settled()).toEqual([20, 22]);
  expect(await laptop.settled()).toEqual([20, 22]); // once, though for two reasons
  expect(await other.settled()).toEqual([21, 22]);
});

test("events other than messages reach a client that has just joined, whatever their numbers, unless it is excepted", async () => {
  const joiner = await listener("reader");
  const marks: number[] = [];
  joiner.socket.on("read", (read: Emitted["read"]) => marks.push(...read.marks.map(({ seq }) => seq)));
  const mark = (seq: number, except?: string) =>
    announce(gateway.broker, "sockets.broadcast", {
      channel: channelOf("lobby"),
      ...(except === undefined ? {} : { except }),
      event: "read",
      payload: { room: "lobby", epoch: "e", marks: [{ user: "other", seq }] },
    });
  meanwhile = async () => {
    await mark(2);
    await mark(3, "reader");
  };
  await emit(joiner.socket, "call", "chat.join", { room: "lobby" });
  meanwhile = async () => undefined;
  await joiner.settled();
  expect(marks).toEqual([2]);
});

test("an event that the surface does not list is not sent", async () => {
  const { socket } = await listener("quiet");
  const any: string[] = [];
  socket.onAny((event: string) => any.push(event));
  await announce(gateway.broker, "sockets.broadcast", { event: "connect_error", payload: {} } as never);
  await emit(socket, "call", "chat.history", { room: "x" });
  expect(any).toEqual([]);
});

test("a connection is in a limited number of rooms", async () => {
  const { socket } = await listener("hoarder");
  for (let i = 0; i < 198; i++) expect((await emit(socket, "call", "chat.join", { room: `r${i}` })).error).toBeNull();
  expect((await emit(socket, "call", "chat.join", { room: "one-more" })).error?.code).toBe("TOO_MANY_ROOMS");
});

test("a join that takes long is not given up for what is said in other rooms, only for too much in its own", async () => {
  const quiet = await listener("quiet");
  meanwhile = async () => {
    for (let seq = 0; seq < 1_200; seq++) await say("elsewhere", seq);
    await say("garden", 6);
  };
  expect((await emit(quiet.socket, "call", "chat.join", { room: "Garden" })).error).toBeNull();
  expect(await quiet.settled()).toEqual([6]);
  const late = await listener("late");
  meanwhile = async () => {
    for (let seq = 6; seq < 1_206; seq++) await say("garden", seq);
  };
  expect((await emit(late.socket, "call", "chat.join", { room: "garden" })).error).toMatchObject({
    code: "UNAVAILABLE",
  });
  meanwhile = async () => undefined;
  expect(await late.settled()).toEqual([]);
});

test("each socket gets one packet with the values of all its channels, and no others", async () => {
  const [both, second, third] = [await listener("both"), await listener("second"), await listener("third")];
  for (const room of ["one", "two"]) await emit(both.socket, "call", "chat.join", { room });
  await emit(second.socket, "call", "chat.join", { room: "two" });
  await emit(third.socket, "call", "chat.join", { room: "three" });
  const packets = [both, second, third].map(({ socket }) => {
    const got: unknown[] = [];
    socket.on("presence", (payload: unknown) => got.push(payload));
    return got;
  });
  const x = { id: "x", state: "online" };
  const y = { id: "y", state: "offline" };
  await announceHere(gateway.broker, "sockets.digestHere", {
    ...{ event: "presence", field: "users" },
    items: [
      { value: x, channels: ["one", "two"].map(channelOf) },
      { value: y, channels: ["two", "none"].map(channelOf) },
    ],
  });
  for (const one of [both, second, third]) await one.settled();
  expect(packets).toEqual([[{ users: [x, y] }], [{ users: [x, y] }], []]);
});

/** A gateway that says which channels it compares with the database. */
async function comparingGateway(join: (room: string) => Promise<ResultOf<"chat.join">>) {
  const first = Promise.withResolvers<readonly ChannelPosition[]>();
  const sendMissed: SocketFeature["sendMissed"] = async (known) => {
    first.resolve(known);
    return [];
  };
  const actions = { "chat.join": (ctx: { params: { room: string } }) => join(ctx.params.room) };
  const comparer = await startChatGateway(actions, { features: [{ ...testChatSockets(), sendMissed }] });
  ending.push(() => comparer.stop());
  return { ...comparer, firstBatch: first.promise };
}

test("N6: a room is compared after a join during which a broadcast to it may have been lost", async () => {
  const { broker, connect, firstBatch } = await comparingGateway(async (room) => {
    // no client is in the room yet: nothing can be compared
    await announceHere(broker, "nodes.gap", {});
    return joinedRoom(room, { seq: 5, revision: 3 });
  });
  await emit(await connect(tokenOf("joiner")), "call", "chat.join", { room: "garden" });
  expect(await firstBatch).toEqual([{ channel: "chat:garden", epoch: "e", seq: 5, revision: 3 }]);
});

test("N6: a client that disconnects while it joins leaves no room behind that is compared", async () => {
  const [asked, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const {
    broker,
    connect,
    firstBatch,
    gateway: gate,
  } = await comparingGateway(async (room) => {
    if (room === "garden") {
      asked.resolve();
      await gone.promise;
    }
    return joinedRoom(room, { seq: 5, revision: 3 });
  });
  const leaver = await connect(tokenOf("leaver"));
  leaver.emit("call", "chat.join", { room: "garden" });
  await asked.promise;
  leaver.disconnect();
  while (gate.sockets > 0) await new Promise((resolve) => setImmediate(resolve));
  gone.resolve();
  await emit(await connect(tokenOf("stayer")), "call", "chat.join", { room: "shed" });
  await announceHere(broker, "nodes.gap", {});
  expect((await firstBatch).map(({ channel }) => channel)).toEqual(["chat:shed"]);
});
