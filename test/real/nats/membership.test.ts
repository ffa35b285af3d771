import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { hearsOthers } from "../../../backend/broker.ts";
import { emit, startTestBackend, type TestBackend } from "../../backend/support.ts";
import { type CuttableProxy, startProxy } from "../../backend/web/cuttable-proxy.ts";
import { type NatsServer, startNats } from "./nats-server.ts";

/*
 * Two whole backends over one store: what one of them decides about a room counts at the sockets of the other.
 */

let nats: NatsServer;
let proxy: CuttableProxy;
let dataDir: string;
let one: TestBackend;
/** Hears the others through the proxy. */
let two: TestBackend;
beforeAll(async () => {
  nats = await startNats();
  proxy = await startProxy(nats.url);
  dataDir = mkdtempSync(join(tmpdir(), "causeway-nodes-"));
  one = await startTestBackend({ config: { DATA_DIR: dataDir, NATS_URL: nats.url } });
  two = await startTestBackend({ config: { DATA_DIR: dataDir, NATS_URL: proxy.url.replace("http", "nats") } });
  const nodes = () =>
    one.broker.registry.getServiceList({ onlyAvailable: true }).filter(({ name }) => name === "gateway");
  while (nodes().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(async () => {
  proxy.refuse(false);
  // a connection that is being made when the broker stops would keep the process alive
  while (!(await hearsOthers(two.broker))) await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all([one.stop(), two.stop()]);
  await proxy.close();
  await nats.stop();
  rmSync(dataDir, { recursive: true });
});

let serial = 0;
const call = async (socket: Socket, action: string, params: object) => {
  const { error, result } = await emit(socket, "call", action, params);
  return error ? error.code : (result as Record<string, unknown>);
};
const say = (socket: Socket, room: string) => call(socket, "chat.send", { room, text: "hi", clientId: `c${++serial}` });
/** Resolves with the next event of this name. */
const next = (socket: Socket, event: string) =>
  new Promise<Record<string, unknown>>((resolve) => socket.once(event, resolve));

/** A private room with its owner on one node, a guest on the other, and somebody there to tell when messages have arrived. */
async function scene() {
  const [owner, guest, witness] = [await one.person(), await one.person(), await one.person()];
  const own = await one.socket(owner.accessToken);
  const [there, beside] = [await two.socket(guest.accessToken), await two.socket(witness.accessToken)];
  const { room } = (await call(own, "chat.create", { kind: "private", title: "Two nodes" })) as { room: string };
  const invited = next(there, "membership");
  for (const { id } of [guest, witness]) await call(own, "chat.invite", { room, user: id });
  expect(await invited).toMatchObject({ room, change: "invited" });
  for (const socket of [own, there, beside]) expect(await call(socket, "chat.join", { room })).toMatchObject({ room });
  const heard: number[] = [];
  there.on("message", ({ seq }: { seq: number }) => heard.push(seq));
  const first = next(beside, "message");
  await say(own, room);
  await first;
  await call(there, "chat.browse", {});
  expect(heard).toEqual([1]);
  return { guest, own, there, beside, room, heard };
}

test("who is kicked on one node hears nothing more on the other, nor does anything there", async () => {
  const { guest, own, there, beside, room, heard } = await scene();
  const told = next(there, "membership");
  await call(own, "chat.kick", { room, user: guest.id });
  expect(await told).toMatchObject({ room, change: "kicked", role: null });
  const arrived = next(beside, "message");
  await say(own, room);
  await arrived;
  for (const [action, params] of [
    ["chat.send", { room, text: "still here", clientId: "x" }],
    ["chat.history", { room }],
    ["chat.join", { room }],
    ["chat.delete", { room, seq: 1 }],
  ] as const) {
    expect([action, await call(there, action, params)]).toEqual([action, "NOT_FOUND"]);
  }
  expect(heard).toEqual([1]);
});

test("edits and deletions are told on both nodes, and who joins on the other learns of them", async () => {
  const { own, there, room } = await scene();
  for (const [action, params, expected] of [
    ["chat.edit", { text: "hello" }, { text: "hello", editedAt: expect.any(Number) }],
    ["chat.delete", {}, { text: "", deletedAt: expect.any(Number) }],
  ] as const) {
    const changed = next(there, "messageChanged");
    await call(own, action, { room, seq: 1, ...params });
    expect(await changed).toMatchObject({ room, seq: 1, ...expected });
  }
  const state = await call(there, "chat.join", { room });
  expect((state as { messages: object[] }).messages).toMatchObject([{ seq: 1, text: "" }]);
});

test("a node that is cut off takes them out as well, by what the store says: none listens when the connection is back", async () => {
  const { guest, own, there, beside, room, heard } = await scene();
  proxy.refuse(true);
  proxy.cut();
  await call(own, "chat.kick", { room, user: guest.id });
  // what is sent on the node that is cut off reaches its own sockets alone
  for (let tries = 0; ; tries += 1) {
    const before = heard.length;
    const arrived = next(beside, "message");
    await say(beside, room);
    await arrived;
    await call(there, "chat.browse", {});
    if (heard.length === before) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tries).toBeLessThan(100);
  }
});
