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
  /** Percents that it was told, in order. */
  readonly heard: number[];
}

async function listener(name: string, channel?: string): Promise<Listener> {
  const connection = new TestConnection(gateway.url);
  connections.push(connection);
  const socket = await connection.join("/jobs", tokenOf(name));
  const heard: number[] = [];
  socket.on("progress", ({ percent }: { percent: number }) => heard.push(percent));
  if (channel !== undefined) expect((await emit(socket, "call", "jobs.watch", { id: channel })).error).toBeNull();
  return { socket, heard };
}

const tell = (percent: number, audience: object = {}) =>
  gateway.broker.broadcastLocal("namespaces.emit", {
    ...{ namespace: "/jobs", event: "progress", payload: { id: "a", percent }, ...audience },
  });
/** What was written before has arrived when a response has. */
const settle = (listeners: readonly Listener[]) =>
  Promise.all(listeners.map(({ socket }) => emit(socket, "call", "jobs.whoami", {})));

test("H3: an event goes to a channel, to users, to both, to all, and not to a user who is left out", async () => {
  gateway = await startNamespaceGateway();
  const all = [await listener("ann", "a"), await listener("ann"), await listener("bob", "a"), await listener("carl")];
  await tell(1, { channel: "a" });
  await tell(2, { users: ["ann", "carl"] });
  await tell(3, { channel: "a", users: ["ann"] });
  await tell(4);
  await tell(5, { except: "ann" });
  await tell(6, { channel: "none" });
  await tell(7, { users: [] });
  await settle(all);
  expect(all.map(({ heard }) => heard)).toEqual([
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
    await tell(1, wrong);
  await settle([one]);
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
  await tell(1, { channel: "a" });
  await tell(2, { channel: "second" });
  await settle([ann, bob]);
  expect([ann.heard, bob.heard]).toEqual([[2], [2]]);

  const joining = emit(ann.socket, "call", "jobs.watch", { id: "slow" });
  await settle([ann]);
  await gateway.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "slow", user: "ann" });
  held.resolve();
  expect((await joining).error?.code).toBe("FORBIDDEN");
  await tell(3, { channel: "slow" });
  await settle([ann]);
  expect(ann.heard).toEqual([2]);
  // a call that begins later may join again
  expect((await emit(ann.socket, "call", "jobs.watch", { id: "slow" })).error).toBeNull();
});

test("H3: a socket is in few channels, and no name of a channel reaches what it was not given to", async () => {
  gateway = await startNamespaceGateway({}, { caps: { ...CAPS, namespaces: { ...CAPS.namespaces, channels: 2 } } });
  const eve = await listener("eve", "one");
  const victim = await listener("ann");
  for (const channel of ["user:ann", "session:s-ann"]) {
    await emit(eve.socket, "call", "jobs.watch", { id: channel });
    await tell(1, { users: ["ann"] });
    await emit(eve.socket, "call", "jobs.unwatch", { id: channel });
  }
  await emit(eve.socket, "call", "jobs.watch", { id: String(victim.socket.id) });
  expect((await emit(eve.socket, "call", "jobs.watch", { id: "three" })).error?.code).toBe("RATE_LIMITED");
  expect((await emit(eve.socket, "call", "jobs.watch", { id: "one" })).error).toBeNull();
  expect((await emit(eve.socket, "call", "jobs.watch", { id: "x".repeat(129) })).error?.code).toBe("INTERNAL");
  await settle([eve, victim]);
  expect([eve.heard, victim.heard]).toEqual([[], [1, 1]]);
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
  await settle([ann]);
  await gateway.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "forbidden", user: "ann" });
  held.resolve();
  expect((await removed).error?.code).toBe("FORBIDDEN");
  expect((await emit(ann.socket, "call", "jobs.watch", { id: "a b c" })).error?.code).toBe("RATE_LIMITED");
  for (const [index, channel] of ["old", "other", "new", "forbidden", "a", "b", "c"].entries())
    await tell(index, { channel });
  await settle([ann]);
  expect(ann.heard).toEqual([1]);
  // one that is named twice, or that the socket is in, takes no place
  expect((await emit(ann.socket, "call", "jobs.watch", { id: "a a other b" })).error).toBeNull();
});

test("H3: after the death of a node, and when what it had begun to store is stored, clients join again; not after a stop", async () => {
  const writeLimitMs = 5_000;
  gateway = await startNamespaceGateway({}, { gatewayOptions: { writeLimitMs } });
  const gone = (unexpected: boolean) =>
    gateway.broker.broadcastLocal("$node.disconnected", { node: { id: "other" }, unexpected });
  const watching = await listener("ann", "a");
  const idle = await listener("bob");
  await gone(false);
  await settle([watching, idle]);
  const left = disconnected(watching.socket);
  jest.useFakeTimers({ doNotFake: REAL_TIMERS });
  try {
    await gone(true);
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
  await settle([idle]);
});
