import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import type { Socket } from "socket.io-client";
import { brokerOptions } from "../../../../backend/broker.ts";
import { createLog } from "../../../../backend/log.ts";
import { postFor } from "../../../../backend/mail/index.ts";
import { sidOf } from "../../sample-values.ts";
import { emit } from "../../socket-calls.ts";
import { openStore, type Store } from "../../store/open-store.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../../test-backend.ts";
import { testServices } from "../../test-modules.ts";

/*
 * Who is out of a room is out of it on every way: the socket that sat in it, another one, a remote call, and what is
 * said there.
 */

let backend: TestBackend;
let store: Store;
/** A second node that owns nothing: what it calls runs on another one. */
let remote: ServiceBroker;
let owner: ServiceBroker;
let ada: TestUser;
beforeAll(async () => {
  backend = await startTestBackend();
  ada = await backend.registerUser();
  store = await openStore(backend.config);
  const log = createLog({ logLevel: "silent" });
  const options = (nodeId: string) => ({
    ...brokerOptions({ nats: undefined, nodeId }, log),
    transporter: "Fake" as const,
  });
  owner = new ServiceBroker(options("owner"));
  const post = postFor(backend.config, { log, throttles: store.throttles, clock: Date.now });
  for (const service of await testServices({ database: store, post, site: () => backend.url }))
    owner.createService(service);
  remote = new ServiceBroker(options("caller"));
  await Promise.all([owner.start(), remote.start()]);
  await remote.waitForServices("chat", 5000, 10);
});
afterAll(async () => {
  await Promise.all([remote.stop(), owner.stop()]);
  await store.close();
  await backend.stop();
});

let serial = 0;
const call = async (socket: Socket, action: string, params: object) => {
  const { error, result } = await emit(socket, "call", action, params);
  return error ? error.code : (result as Record<string, unknown>);
};
const say = (socket: Socket, room: string) => call(socket, "chat.send", { room, text: "hi", clientId: `c${++serial}` });

/** A room of Ada's with a second member on two devices, which have received the messages so far. */
async function scene(kind: "public" | "private") {
  const bob = await backend.registerUser();
  const [own, phone, laptop] = [
    await backend.connect(ada.accessToken),
    await backend.connect(bob.accessToken),
    await backend.connect(bob.accessToken),
  ];
  const made = await call(own, "chat.create", { kind, title: `scene-${++serial}` });
  const { room } = made as { room: string };
  if (kind === "private") await call(own, "chat.invite", { room, user: bob.id });
  const heard: string[] = [];
  for (const socket of [own, phone, laptop]) await call(socket, "chat.join", { room });
  for (const [name, socket] of [
    ["phone", phone],
    ["laptop", laptop],
  ] as const) {
    // not presence: it is told when its time has come, up to seconds later
    for (const event of ["message", "messageChanged", "typing", "read"]) {
      socket.on(event, () => heard.push(`${name} ${event}`));
    }
    socket.on("membership", ({ change }: { change: string }) => heard.push(`${name} is ${change}`));
  }
  await say(own, room);
  /** What both devices have heard, once everything sent so far has arrived. */
  const settled = async () => {
    for (const socket of [phone, laptop]) await call(socket, "chat.browse", {});
    return heard.splice(0).sort();
  };
  expect(await settled()).toEqual(["laptop message", "phone message"]);
  const close = () => [own, phone, laptop].map((socket) => socket.close());
  return { bob, own, phone, laptop, room, settled, close };
}

const everything = (room: string, person: TestUser): [string, object][] => [
  ["chat.send", { room, text: "hi", clientId: `c${++serial}` }],
  ["chat.history", { room }],
  ["chat.edit", { room, seq: 1, text: "changed" }],
  ["chat.delete", { room, seq: 1 }],
  ["chat.report", { room, seq: 1, reason: "x" }],
  ["chat.members", { room }],
  ["chat.invite", { room, user: person.id }],
  ["chat.mute", { room, user: ada.id, seconds: 9 }],
  ["chat.kick", { room, user: ada.id }],
  ["chat.ban", { room, user: ada.id }],
  ["chat.unban", { room, user: person.id }],
  ["chat.setRoomRole", { room, user: person.id, role: "owner" }],
  ["chat.typing", { room }],
  ["chat.presence", { room }],
  ["chat.read", { room, seq: 1 }],
  ["chat.marks", { room }],
];

test.each([
  ["kicked", "public", "chat.kick", "NOT_MEMBER", ["laptop is kicked", "phone is kicked"]],
  ["banned", "public", "chat.ban", "BANNED", ["laptop is banned", "phone is banned"]],
  ["kicked", "private", "chat.kick", "NOT_FOUND", ["laptop is kicked", "phone is kicked"]],
  ["banned", "private", "chat.ban", "NOT_FOUND", ["laptop is banned", "phone is banned"]],
  ["left", "private", "chat.leave", "NOT_FOUND", ["laptop is left", "phone is left"]],
] as const)(
  "who was %s from a %s room neither hears nor does anything there, on no device and by no remote call",
  async (_, kind, action, code, told) => {
    const { bob, own, phone, laptop, room, settled, close } = await scene(kind);
    const by = action === "chat.leave" ? phone : own;
    await call(by, action, action === "chat.leave" ? { room } : { room, user: bob.id });
    expect(await settled()).toEqual(told);
    await say(own, room);
    await call(own, "chat.edit", { room, seq: 1, text: "changed" });
    await call(own, "chat.typing", { room });
    expect(await settled()).toEqual([]);
    const user = { id: bob.id, roles: ["user"], sid: sidOf(bob.accessToken) };
    for (const [name, params] of everything(room, bob)) {
      for (const socket of [phone, laptop]) expect([name, await call(socket, name, params)]).toEqual([name, code]);
      await expect(remote.call(name, params, { meta: { user } })).rejects.toMatchObject({ type: code });
    }
    if (code !== "NOT_MEMBER") {
      expect(await call(phone, "chat.join", { room })).toBe(code);
      await expect(remote.call("chat.join", { room }, { meta: { user } })).rejects.toMatchObject({ type: code });
    }
    const { messages } = (await call(own, "chat.history", { room })) as { messages: { text: string }[] };
    expect(messages.map(({ text }) => text)).toEqual(["changed", "hi"]);
    close();
  },
);

test("who is muted hears everything and says nothing, on no device and by no remote call", async () => {
  const { bob, own, phone, laptop, room, settled, close } = await scene("public");
  await call(own, "chat.mute", { room, user: bob.id, seconds: 60 });
  const user = { id: bob.id, roles: ["user"], sid: sidOf(bob.accessToken) };
  for (const socket of [phone, laptop]) expect(await say(socket, room)).toBe("MUTED");
  const remotely = remote.call("chat.send", { room, text: "x", clientId: "x" }, { meta: { user } });
  await expect(remotely).rejects.toMatchObject({ type: "MUTED" });
  await say(own, room);
  expect(await settled()).toEqual(["laptop is muted", "laptop message", "phone is muted", "phone message"]);
  close();
});

test("what one may do in a room is not read from the socket: a role taken away ends at once", async () => {
  const { bob, own, phone, room, close } = await scene("public");
  await call(own, "chat.setRoomRole", { room, user: bob.id, role: "moderator" });
  const eve = await backend.registerUser();
  const other = await backend.connect(eve.accessToken);
  await call(other, "chat.join", { room });
  expect(await call(phone, "chat.mute", { room, user: eve.id, seconds: 1 })).toMatchObject({ user: eve.id });
  await call(own, "chat.setRoomRole", { room, user: bob.id, role: "member" });
  expect(await call(phone, "chat.kick", { room, user: eve.id })).toBe("FORBIDDEN");
  other.close();
  close();
});
