import { afterEach, expect, test } from "@jest/globals";
import { announce, type Broadcast, refuse } from "../../../../backend/contract/index.ts";
import type { ChannelPosition, OpenSocket, SocketFeature } from "../../../../backend/gateway/index.ts";
import { declaredCalls } from "../../../../backend/gateway/sockets/declared-calls.ts";
import { disconnected, emit } from "../../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { joinedRoom } from "../chat-gateway.ts";

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

/** A feature whose channels the calls of the chat subscribe to; `prefix` is what its channels begin with. */
function notes(prefix = "notes:", more: Partial<SocketFeature> = {}): SocketFeature {
  return {
    name: "notes",
    calls: {
      "chat.join": {
        subscribes: {
          channelOf: ({ room }) => `${prefix}${room}`,
          subscriptionOf: ({ room, epoch, seq, revision, since }) => ({
            ...{ channel: `${prefix}${room}`, epoch, seq, revision, since, isPartial: false },
          }),
          refusal: () => refuse("NOT_FOUND"),
        },
      },
    },
    ...more,
  };
}

const join = (ctx: { params: { room: string } }) => joinedRoom(ctx.params.room, { seq: 5 });

test("H4: a feature learns of each socket that opened and closed, once, with what its client sent beside the token", async () => {
  const seen: unknown[] = [];
  const closed = Promise.withResolvers<OpenSocket>();
  const feature = notes("notes:", {
    opened: ({ id, user }, auth) => seen.push([id, user.id, auth.color]),
    closed: (socket) => closed.resolve(socket),
  });
  gateway = await startTestGateway({}, { features: [feature] });
  await expect(gateway.connect("user")).rejects.toMatchObject({ message: "UNAUTHORIZED" });
  const socket = await gateway.connect(tokenOf("ada"), { auth: { token: tokenOf("ada"), color: "red" } });
  const { id } = socket;
  expect(seen).toEqual([[id, "ada", "red"]]);
  await announce(gateway.broker, "session.ended", { sid: "s-ada" });
  await disconnected(socket);
  expect(await closed.promise).toMatchObject({ id, user: { id: "ada" } });
});

test("a feature subscribes sockets to its own channels alone", async () => {
  gateway = await startTestGateway({ "chat.join": join }, { features: [notes("other:")] });
  const socket = await gateway.connect(tokenOf("spy"));
  expect((await emit(socket, "call", "chat.join", { room: "x" })).error?.code).toBe("INTERNAL");
  const heard: unknown[] = [];
  socket.onAny((event: string) => heard.push(event));
  const message = { event: "message", payload: {} as never } as const;
  await announce(gateway.broker, "sockets.broadcast", { ...message, channel: "other:x" });
  await announce(gateway.broker, "sockets.broadcast", { ...message, users: ["spy"] });
  expect((await emit(socket, "call", "chat.history", { room: "x" })).error?.code).toBe("UNAVAILABLE");
  expect(heard).toEqual(["message"]);
});

test("each feature compares the channels that are its own, and what it reads goes to this node's sockets", async () => {
  const compared = Promise.withResolvers<readonly ChannelPosition[]>();
  const missed: Broadcast = {
    ...{ channel: "notes:x", event: "message", payload: { seq: 6 } as never },
    position: { epoch: "e", seq: 6 },
  };
  const feature = notes("notes:", {
    async sendMissed(known, broadcastHere) {
      broadcastHere(missed);
      compared.resolve(known);
      return known.map((one) => ({ ...one, seq: 6 }));
    },
  });
  const others: unknown[] = [];
  const sendMissed: SocketFeature["sendMissed"] = async (known) => {
    others.push(known);
    return known;
  };
  const other: SocketFeature = { name: "other", sendMissed };
  gateway = await startTestGateway({ "chat.join": join }, { features: [other, feature] });
  const socket = await gateway.connect(tokenOf("ada"));
  await emit(socket, "call", "chat.join", { room: "x" });
  const heard = new Promise((resolve) => socket.once("message", resolve));
  await gateway.broker.broadcastLocal("nodes.gap", {});
  expect(await compared.promise).toEqual([{ channel: "notes:x", epoch: "e", seq: 5, revision: 0 }]);
  expect(await heard).toEqual({ seq: 6 });
  expect(others).toEqual([]);
});

test("N6: after another node has gone its rooms are compared, and again when nothing of it can be stored any more", async () => {
  const [once, twice] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const feature = notes("notes:", {
    async sendMissed(known) {
      if (compared++ === 0) once.resolve();
      else twice.resolve();
      return known;
    },
  });
  let compared = 0;
  gateway = await startTestGateway(
    { "chat.join": join },
    { features: [feature], gatewayOptions: { writeLimitMs: 100 } },
  );
  await emit(await gateway.connect(tokenOf("ada")), "call", "chat.join", { room: "x" });
  await gateway.broker.broadcastLocal("$node.disconnected", { node: { id: "other" }, unexpected: false });
  await once.promise;
  await twice.promise;
  expect(compared).toBe(2);
});

test("N6: after a loss a socket may hear an entry again: its client goes by the number (README: in another language)", async () => {
  const sixth: Broadcast = {
    ...{ channel: "notes:x", event: "message", payload: { seq: 6 } as never },
    position: { epoch: "e", seq: 6 },
  };
  const feature = notes("notes:", {
    async sendMissed(known, broadcastHere) {
      broadcastHere(sixth);
      return known.map((one) => ({ ...one, seq: 6 }));
    },
  });
  gateway = await startTestGateway({ "chat.join": join }, { features: [feature] });
  const [first, second] = [await gateway.connect(tokenOf("ada")), await gateway.connect(tokenOf("bob"))];
  const heard: string[] = [];
  first.on("message", ({ seq }: { seq: number }) => heard.push(`ada ${seq}`));
  await emit(first, "call", "chat.join", { room: "x" });
  await announce(gateway.broker, "sockets.broadcast", sixth);
  // what this one got of the database is older: the sixth may have been lost for it
  await emit(second, "call", "chat.join", { room: "x" });
  const late = new Promise((resolve) => second.once("message", resolve));
  await gateway.broker.broadcastLocal("nodes.gap", {});
  expect(await late).toEqual({ seq: 6 });
  await emit(first, "call", "chat.join", { room: "x" });
  expect(heard).toEqual(["ada 6", "ada 6"]);
});

test("two features with one name, or with hooks for one call, stop the start", () => {
  expect(() => declaredCalls([notes(), { name: "notes" }])).toThrow("Two features are named notes");
  expect(() => declaredCalls([notes(), { ...notes(), name: "more" }])).toThrow(
    "The features notes and more both have hooks for chat.join",
  );
  const lost = { name: "lost", calls: { "lost.call": {} } } as unknown as SocketFeature;
  expect(() => declaredCalls([lost])).toThrow("The feature lost has hooks for lost.call");
});
