import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { announce } from "../../../backend/contract/index.ts";
import { startNamespaceGateway, TestConnection } from "../../backend/gateway/namespaces/namespace-gateway.ts";
import { disconnected, emit } from "../../backend/socket-calls.ts";
import type { TestGateway } from "../../backend/test-gateway.ts";
import { tokenOf } from "../../backend/test-tokens.ts";
import { type NatsServer, nodeEnv, startNats } from "./nats-server.ts";

/* A namespace whose sockets are on two nodes, and whose actions run on one of them. */

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

let nodes: readonly TestGateway[] = [];
const connections: TestConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

async function start({ url } = nats): Promise<readonly [owner: TestGateway, other: TestGateway]> {
  const config = (name: string) => ({ config: { ...nodeEnv(url), NODE_ID: name } });
  const owner = await startNamespaceGateway({}, config("owner"));
  const other = await startNamespaceGateway({}, { ...config("other"), services: [] });
  nodes = [owner, other];
  await Promise.all(nodes.map((node) => node.waitForNodes(2)));
  await other.broker.waitForServices("jobs", 10_000, 20);
  return [owner, other];
}

interface Listener {
  readonly socket: Socket;
  readonly heard: number[];
  /** Resolves when so many events have come. */
  until(count: number): Promise<number[]>;
}

async function listener(node: TestGateway, name: string): Promise<Listener> {
  const connection = new TestConnection(node.url);
  connections.push(connection);
  const socket = await connection.join("/jobs", tokenOf(name));
  const heard: number[] = [];
  socket.on("progress", ({ percent }: { percent: number }) => heard.push(percent));
  const until = async (count: number) => {
    while (heard.length < count) await new Promise((resolve) => socket.once("progress", resolve));
    return heard;
  };
  return { socket, heard, until };
}

test("H3: events of a namespace reach the sockets of every node, by channel, by user, and all", async () => {
  const [owner, other] = await start();
  const [ann, bob] = [await listener(owner, "ann"), await listener(other, "bob")];
  // the action runs on the other node, and its channel is joined here
  for (const { socket } of [ann, bob]) expect((await emit(socket, "call", "jobs.watch", { id: "a" })).error).toBeNull();
  const tell = (from: TestGateway, percent: number, audience: object) =>
    from.broker.broadcastLocal("namespaces.emit", {
      ...{ namespace: "/jobs", event: "progress", payload: { id: "a", percent }, ...audience },
    });
  await tell(owner, 1, { channel: "a" });
  await tell(owner, 2, { users: ["bob"] });
  await tell(owner, 3, { except: "bob" });
  await tell(owner, 4, { channel: "b" });
  await tell(owner, 5, {});
  expect(await ann.until(3)).toEqual([1, 3, 5]);
  expect((await bob.until(3)).toSorted()).toEqual([1, 2, 5]);

  // a removal comes before what is sent after it
  await owner.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "a", user: "bob" });
  await tell(owner, 6, { channel: "a" });
  await tell(owner, 7, {});
  expect((await bob.until(4)).slice(3)).toEqual([7]);
  expect(await ann.until(5)).toEqual([1, 3, 5, 6, 7]);
  await tell(other, 8, { channel: "a" });
  expect((await ann.until(6))[5]).toBe(8);
});

test("H3: the end of a session on one node ends its sockets in namespaces of the others", async () => {
  const [owner, other] = await start();
  const bob = await listener(other, "bob");
  const ended = disconnected(bob.socket);
  await announce(owner.broker, "session.ended", { sid: "s-bob" });
  await ended;
  expect(other.gateway.sockets).toBe(0);
});

test("N2: after broadcasts were lost, sockets leave their channels and connect again: a removal may be among them", async () => {
  const own = await startNats();
  let again: NatsServer | undefined;
  try {
    const [owner, other] = await start(own);
    const bob = await listener(other, "bob");
    await emit(bob.socket, "call", "jobs.watch", { id: "a" });
    const tell = (percent: number, audience: object) =>
      owner.broker.broadcastLocal("namespaces.emit", {
        ...{ namespace: "/jobs", event: "progress", payload: { id: "a", percent }, ...audience },
      });
    await tell(1, { channel: "a" });
    expect(await bob.until(1)).toEqual([1]);

    const told = Promise.all([new Promise((resolve) => bob.socket.once("drain", resolve)), disconnected(bob.socket)]);
    await own.stop();
    const isAway = () => owner.log.some(({ msg }) => /connection to NATS was lost/.test(String(msg)));
    while (!isAway()) await new Promise((resolve) => setTimeout(resolve, 10));
    await owner.broker.broadcastLocal("namespaces.leave", { namespace: "/jobs", channel: "a", user: "bob" });
    again = await startNats({ port: own.port });
    await told;
    expect(bob.heard).toEqual([1]);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    nodes = [];
    await Promise.all([own.stop().catch(() => undefined), again?.stop()]);
  }
});

test("an event to a channel without a name, or with an endless one, reaches no socket and loses no other event", async () => {
  const [owner, other] = await start();
  const bob = await listener(other, "bob");
  const tell = (percent: number, audience: object) =>
    owner.broker.broadcastLocal("namespaces.emit", {
      ...{ namespace: "/jobs", event: "progress", payload: { id: "a", percent }, ...audience },
    });
  // one after the other, so that they wait for the same packet
  await Promise.all([tell(1, {}), tell(2, { channel: "" }), tell(3, { channel: "x".repeat(70_000) }), tell(4, {})]);
  expect(await bob.until(2)).toEqual([1, 4]);
});
