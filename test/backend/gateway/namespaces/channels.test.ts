import { afterEach, expect, jest, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { disconnected, emit } from "../../socket-calls.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { type JobContext, startNamespaceGateway, TestConnection } from "./namespace-gateway.ts";

let gateway: TestGateway;
const connections: TestConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await gateway.stop();
});

/** All but `setTimeout`. */
const REAL_TIMERS = [
  ...(["Date", "hrtime", "nextTick", "performance", "queueMicrotask"] as const),
  ...(["setImmediate", "clearImmediate", "setInterval", "clearInterval"] as const),
];

interface Listener {
  readonly socket: Socket;
  /** The percents of the events that it received, in order. */
  readonly received: number[];
}

async function listener(name: string, channel?: string): Promise<Listener> {
  const connection = new TestConnection(gateway.url);
  connections.push(connection);
  const socket = await connection.join("/jobs", tokenOf(name));
  const received: number[] = [];
  socket.on("progress", ({ percent }: { percent: number }) => received.push(percent));
  if (channel !== undefined) expect((await emit(socket, "call", "jobs.watch", { id: channel })).error).toBeNull();
  return { socket, received };
}

const emitProgress = (percent: number, audience: object = {}) =>
  gateway.broker.broadcastLocal("namespaces.emit", {
    ...{ namespace: "/jobs", event: "progress", payload: { id: "a", percent }, ...audience },
  });
/** Waits until the listeners have the events that were sent so far: responses come after them. */
const waitForEvents = (listeners: readonly Listener[]) =>
  Promise.all(listeners.map(({ socket }) => emit(socket, "call", "jobs.whoami", {})));

test("H3: an event goes to a channel, to users, to both, to all, and not to a user who is left out", async () => {
  gateway = await startNamespaceGateway();
  const all = [await listener("ann", "a"), await listener("ann"), await listener("bob", "a"), await listener("carl")];
  await emitProgress(1, { channel: "a" });
  await emitProgress(2, { users: ["ann", "carl"] });
  await emitProgress(3, { channel: "a", users: ["ann"] });
  await emitProgress(4);
  await emitProgress(5, { except: "ann" });
  await emitProgress(6, { channel: "none" });
  await emitProgress(7, { users: [] });
  await waitForEvents(all);
  expect(all.map(({ received }) => received)).toEqual([
    [1, 2, 3, 4],
    [2, 3, 4],
    [1, 3, 4, 5],
    [2, 4, 5],
  ]);
});

test("an event that the namespace does not declare, or a namespace that is not declared, is an error of the service", async () => {
  gateway = await startNamespaceGateway();
  const one = await listener("ann");
  const events: unknown[] = [];
  one.socket.onAny((event: string) => events.push(event));
  for (const wrong of [{ event: "news" }, { namespace: "/open" }, { namespace: "/nothing" }, { event: "toString" }])
    await emitProgress(1, wrong);
  await waitForEvents([one]);
  expect(events).toEqual([]);
});

test("H3: a socket leaves a channel by a call, and is removed from it by its service, also while it joins", async () => {
  const held = Promise.withResolvers<void>();
  gateway = await startNamespaceGateway({
    "jobs.watch": async (ctx) => {
      ctx.meta.$join = [ctx.params.id, "second"];
      if (ctx.params.id === "slow") await held.promise;
      return {};
    },
    "jobs.unwatch": (ctx) => {
      ctx.meta.$leave = [ctx.params.id];
      return {};
    },
  });
  const [ann, bob] = [await listener("ann", "a"), await listener("bob", "a")];
  await emit(ann.socket, "call", "jobs.unwatch", { id: "a" });
  await gateway.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "a", user: "bob" });
  await emitProgress(1, { channel: "a" });
  await emitProgress(2, { channel: "second" });
  await waitForEvents([ann, bob]);
  expect([ann.received, bob.received]).toEqual([[2], [2]]);

  const joining = emit(ann.socket, "call", "jobs.watch", { id: "slow" });
  await waitForEvents([ann]);
  await gateway.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "slow", user: "ann" });
  held.resolve();
  expect((await joining).error?.code).toBe("FORBIDDEN");
  await emitProgress(3, { channel: "slow" });
  await waitForEvents([ann]);
  expect(ann.received).toEqual([2]);
  // a call that begins later may join again
  expect((await emit(ann.socket, "call", "jobs.watch", { id: "slow" })).error).toBeNull();
});

test("H3: a socket is in few channels, and a channel named like a user, session or socket gives no events of theirs", async () => {
  gateway = await startNamespaceGateway({}, { caps: { ...CAPS, namespaces: { ...CAPS.namespaces, channels: 2 } } });
  const eve = await listener("eve", "one");
  const victim = await listener("ann");
  for (const channel of ["user:ann", "session:s-ann"]) {
    await emit(eve.socket, "call", "jobs.watch", { id: channel });
    await emitProgress(1, { users: ["ann"] });
    await emit(eve.socket, "call", "jobs.unwatch", { id: channel });
  }
  await emit(eve.socket, "call", "jobs.watch", { id: String(victim.socket.id) });
  expect((await emit(eve.socket, "call", "jobs.watch", { id: "three" })).error?.code).toBe("RATE_LIMITED");
  expect((await emit(eve.socket, "call", "jobs.watch", { id: "one" })).error).toBeNull();
  expect((await emit(eve.socket, "call", "jobs.watch", { id: "x".repeat(129) })).error?.code).toBe("INTERNAL");
  await waitForEvents([eve, victim]);
  expect([eve.received, victim.received]).toEqual([[], [1, 1]]);
});

test("H3: a call that may not join one of its channels joins none of them, and leaves what it names", async () => {
  const held = Promise.withResolvers<void>();
  const caps = { ...CAPS, namespaces: { ...CAPS.namespaces, channels: 3 } };
  const joining = {
    "jobs.watch": async (ctx: JobContext) => {
      ctx.meta.$join = ctx.params.id.split(" ");
      if (ctx.params.id.startsWith("new")) {
        ctx.meta.$leave = "old";
        await held.promise;
      }
      return {};
    },
  };
  gateway = await startNamespaceGateway(joining, { caps });
  const ann = await listener("ann", "old other");
  const removed = emit(ann.socket, "call", "jobs.watch", { id: "new forbidden" });
  await waitForEvents([ann]);
  await gateway.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "forbidden", user: "ann" });
  held.resolve();
  expect((await removed).error?.code).toBe("FORBIDDEN");
  expect((await emit(ann.socket, "call", "jobs.watch", { id: "a b c" })).error?.code).toBe("RATE_LIMITED");
  for (const [index, channel] of ["old", "other", "new", "forbidden", "a", "b", "c"].entries())
    await emitProgress(index, { channel });
  await waitForEvents([ann]);
  expect(ann.received).toEqual([1]);
  // one that is named twice, or that the socket is in, takes no place
  expect((await emit(ann.socket, "call", "jobs.watch", { id: "a a other b" })).error).toBeNull();
});

test("H3: clients join again after a node has crashed, and once more when its last writes are stored; not after a stop", async () => {
  const writeLimitMs = 5_000;
  gateway = await startNamespaceGateway({}, { gatewayOptions: { writeLimitMs } });
  const loseNode = (unexpected: boolean) =>
    gateway.broker.broadcastLocal("$node.disconnected", { node: { id: "other" }, unexpected });
  const watching = await listener("ann", "a");
  const idle = await listener("bob");
  await loseNode(false);
  await waitForEvents([watching, idle]);
  const left = disconnected(watching.socket);
  jest.useFakeTimers({ doNotFake: REAL_TIMERS });
  try {
    await loseNode(true);
    await left;
    const again = await listener("ann", "a");
    const leftAgain = disconnected(again.socket);
    jest.advanceTimersByTime(writeLimitMs);
    expect(await leftAgain).toMatch(/io server disconnect|transport close/);
  } finally {
    jest.useRealTimers();
  }
  const restarted = await listener("ann", "a");
  const leftAfterRestart = disconnected(restarted.socket);
  await gateway.broker.broadcastLocal("nodes.restarted", {});
  await leftAfterRestart;
  await waitForEvents([idle]);
});
