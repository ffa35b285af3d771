import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { io, type Socket } from "socket.io-client";
import { WebSocketServer } from "ws";
import type { ClientOptions, Keep } from "../../../../backend/client/index.ts";
import { readConfig } from "../../../../backend/config.ts";
import { type Backend, startBackend } from "../../../../backend/main.ts";
import { loadAssets } from "../../../../backend/page/index.ts";
import { openStore } from "../../store/open-store.ts";
import { type TestStorage, testStorage } from "../../store/test-storage.ts";
import { testModules } from "../../test-modules.ts";
import { type CuttableProxy, startProxy } from "../cuttable-proxy.ts";
import { Watched } from "./watched-client.ts";

const PASSWORD = "correct horse battery";
const assets = await loadAssets();
let storage: TestStorage;
let backend: Backend;
const clients: Watched[] = [];
const proxies: CuttableProxy[] = [];
/** Takes WebSockets and closes them at once. */
let closing: WebSocketServer | undefined;

const start = (port = "0") =>
  startBackend(readConfig({ PORT: port, ...storage.env, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" }), {
    assets,
    modules: testModules({ presence: { grace: 100, pace: 10, window: 10 } }),
  });

beforeEach(async () => {
  storage = await testStorage();
  backend = await start();
});
afterEach(async () => {
  const doubled = clients.flatMap((client) => client.doubled);
  for (const client of clients.splice(0)) client.close();
  for (const proxy of proxies.splice(0)) await proxy.close();
  closing?.close();
  await backend.stop();
  await storage.remove();
  expect(doubled).toEqual([]);
});

function watched(url = backend.url, options?: Partial<ClientOptions>): Watched {
  const client = new Watched(url, options);
  clients.push(client);
  return client;
}

async function person(name: string, url = backend.url, options?: Partial<ClientOptions>): Promise<Watched> {
  const client = watched(url, options);
  await client.register({ email: `${name.toLowerCase()}@example.org`, password: PASSWORD, name });
  return client.online();
}

async function proxied(): Promise<CuttableProxy> {
  const proxy = await startProxy(backend.url);
  proxies.push(proxy);
  return proxy;
}

test("two people talk, live; each message is seen once by each", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  expect(await ada.join("Lobby")).toBe("lobby");
  await bob.join("lobby");
  for (const text of ["one", "two", "three"]) {
    ada.send("lobby", text);
    bob.send("lobby", `${text} too`);
  }
  for (const client of [ada, bob]) {
    await client.until(() => client.texts("lobby").length === 6 && client.pending.length === 0);
    expect(new Set(client.texts("lobby")).size).toBe(6);
  }
  expect(ada.texts("lobby")).toEqual(bob.texts("lobby"));
  expect(ada.texts("lobby").filter((text) => !text.endsWith("too"))).toEqual(["one", "two", "three"]);
});

test("what is written without a connection is kept, sent once in order when it is back, and what was missed arrives", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  const bob = await person("Bob");
  await ada.join("lobby");
  await bob.join("lobby");
  proxy.refuse(true);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  const written = ["first", "second", "third"];
  for (const text of written) ada.send("lobby", text);
  expect(ada.pending.map(({ text, state }) => [text, state])).toEqual(written.map((text) => [text, "waiting"]));
  bob.send("lobby", "missed by Ada");
  await bob.until(() => bob.pending.length === 0);
  proxy.refuse(false);
  await ada.online();
  for (const client of [ada, bob]) {
    await client.until(() => client.texts("lobby").length === 4);
    expect(client.texts("lobby")).toEqual(["missed by Ada", ...written]);
  }
  expect(ada.pending).toEqual([]);
});

test("S5: who comes back to more than one response holds gets all of it, in order", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob", (await proxied()).url)];
  for (const client of [ada, bob]) await client.join("lobby");
  const [proxy] = proxies;
  proxy?.refuse(true);
  proxy?.cut();
  await bob.until(() => bob.state === "reconnecting");
  const texts = Array.from({ length: 40 }, (_, n) => `${n} ${"漢".repeat(3_900)}`);
  for (const text of texts) ada.send("lobby", text);
  await ada.until(() => ada.pending.length === 0);
  proxy?.refuse(false);
  await bob.until(() => bob.texts("lobby").length === texts.length);
  expect(bob.texts("lobby")).toEqual(texts);
});

test("a lost acknowledgement does not send a message twice", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  const bob = await person("Bob");
  await ada.join("lobby");
  await bob.join("lobby");
  proxy.mute();
  ada.send("lobby", "only once");
  await bob.until(() => bob.texts("lobby").length === 1);
  expect(ada.pending).toMatchObject([{ text: "only once", state: "sending" }]);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  await ada.online();
  await ada.until(() => ada.pending.length === 0 && ada.texts("lobby").length === 1);
  bob.send("lobby", "after");
  await ada.until(() => ada.texts("lobby").length === 2);
  expect(bob.texts("lobby")).toEqual(["only once", "after"]);
});

test("a restarted backend loses nothing, and everybody comes back by themselves", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  await ada.join("lobby");
  await bob.join("lobby");
  ada.send("lobby", "before");
  await bob.until(() => bob.texts("lobby").length === 1);
  const { port } = new URL(backend.url);
  await backend.stop();
  await ada.until(() => ada.state === "reconnecting");
  ada.send("lobby", "meanwhile");
  backend = await start(port);
  for (const client of [ada, bob]) {
    client.wake();
    await client.until(() => client.texts("lobby").length === 2);
    expect(client.texts("lobby")).toEqual(["before", "meanwhile"]);
  }
});

test("the access token is renewed in time, and the socket goes on with it", async () => {
  let socket: Socket | undefined;
  const renewed: unknown[] = [];
  const ada = await person("Ada", backend.url, {
    renewBefore: 10 * 60_000,
    connect(how) {
      socket = io(backend.url, how).onAnyOutgoing((event, token) => event === "authenticate" && renewed.push(token));
      return socket;
    },
  });
  const reused: unknown[] = [];
  backend.broker.createService({
    name: "watch",
    events: { "session.reused": (ctx: { params: unknown }) => void reused.push(ctx.params) },
  });
  await ada.until(() => renewed.length > 0);
  // what the client sends is what the server takes
  const taken = await new Promise((resolve) => socket?.emit("authenticate", renewed[0], resolve));
  expect(taken).toBeNull();
  expect(ada.state).toBe("online");
  await ada.join("lobby");
  ada.send("lobby", "still here");
  await ada.until(() => ada.pending.length === 0);
  expect(reused).toEqual([]);
});

test("messages that are not sent yet outlive the page: who comes back sends them, once", async () => {
  const kept = new Map<string, string>();
  const keep: Keep = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url, { keep });
  const bob = await person("Bob");
  await ada.join("lobby");
  await bob.join("lobby");
  proxy.mute();
  ada.send("lobby", "stored, but never acknowledged");
  ada.send("lobby", "never sent");
  await bob.until(() => bob.texts("lobby").length === 1);
  ada.close(); // the page is gone
  const stranger = await person("Eve", backend.url, { keep });
  expect(stranger.pending).toEqual([]);
  const back = watched(backend.url, { keep });
  await back.login({ email: "ada@example.org", password: PASSWORD });
  expect(back.pending.map(({ text }) => text)).toEqual(["stored, but never acknowledged", "never sent"]);
  await bob.until(() => bob.texts("lobby").length === 2);
  await back.until(() => back.pending.length === 0);
  expect(bob.texts("lobby")).toEqual(["stored, but never acknowledged", "never sent"]);
  back.send("lobby", "bell \u0007");
  await back.until(() => back.pending[0]?.state === "failed");
  await back.logout();
  expect([...kept.keys()].filter((key) => key !== `causeway.outbox.${stranger.user?.id}`)).toEqual([]);
});

test("only so many messages wait, and whoever writes more is told", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  proxy.refuse(true);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  for (let n = 0; n < 200; n += 1) ada.send("lobby", `m${n}`);
  expect(() => ada.send("lobby", "one more")).toThrow(expect.objectContaining({ code: "OUTBOX_FULL" }));
  ada.discard(ada.pending[0]?.clientId ?? "");
  expect(ada.send("lobby", "fits").state).toBe("waiting");
});

test("a session that ends elsewhere ends here at once", async () => {
  const ada = await person("Ada");
  const elsewhere = watched();
  await elsewhere.login({ email: "ada@example.org", password: PASSWORD });
  await elsewhere.online();
  const store = await openStore(storage.options);
  const sid = await currentSession(ada);
  await store.sessions.end(sid, "ended", Date.now());
  await store.close();
  await backend.broker.broadcast("session.ended", { sid });
  await ada.until(() => ada.signedOut === 1);
  expect(ada.state).toBe("signedOut");
  expect(elsewhere.state).toBe("online");
});

test("logging out ends the session on the server", async () => {
  const ada = await person("Ada");
  const sid = await currentSession(ada);
  await ada.logout();
  expect(ada.state).toBe("signedOut");
  expect(ada.signedOut).toBe(0);
  const store = await openStore(storage.options);
  expect((await store.sessions.find(sid))?.session.endedAt).not.toBeNull();
  await store.close();
});

test("a logout that does not reach the server says so and leaves everything as it is", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  proxy.refuse(true);
  proxy.cut();
  await expect(ada.logout()).rejects.toMatchObject({ code: "OFFLINE" });
  expect(ada.user).toBeDefined();
});

test("a message that the server refuses is kept with the reason, until it is tried again or given up", async () => {
  const ada = await person("Ada");
  await ada.join("lobby");
  const { clientId } = ada.send("lobby", "bell \u0007");
  ada.send("lobby", "fine");
  await ada.until(() => ada.texts("lobby").length === 1);
  const failed = { clientId, state: "failed", problem: "The text contains control characters." };
  expect(ada.pending).toMatchObject([failed]);
  ada.retry(clientId);
  await ada.until(() => ada.pending[0]?.state === "failed");
  ada.discard(clientId);
  expect(ada.pending).toEqual([]);
});

test("wrong credentials and wrong fields are told as the server tells them", async () => {
  const client = watched();
  const login = client.login({ email: "nobody@example.org", password: PASSWORD });
  await expect(login).rejects.toMatchObject({ code: "CREDENTIALS", status: 401 });
  const register = client.register({ email: "ada@example.org", password: "password123", name: "Ada" });
  await expect(register).rejects.toMatchObject({ code: "PASSWORD_COMMON", field: "password" });
  expect(client.state).toBe("signedOut");
});

test("older messages come page by page, and announcements reach everybody", async () => {
  const ada = await person("Ada");
  const bob = await person("Bob");
  await ada.join("lobby");
  for (let n = 1; n <= 55; n += 1) await ada.call("chat.send", { room: "lobby", text: `m${n}`, clientId: `c${n}` });
  await bob.join("lobby");
  expect(bob.texts("lobby")).toHaveLength(50);
  await bob.older("lobby");
  expect(bob.texts("lobby")).toEqual(Array.from({ length: 55 }, (_, n) => `m${n + 1}`));
  await expect(bob.announce("no")).rejects.toMatchObject({ code: "FORBIDDEN" });
  await backend.broker.broadcast("sockets.broadcast", {
    event: "serverMessage",
    payload: { text: "Hello all", at: 1 },
  });
  await bob.until(() => bob.announcements.length === 1);
  await ada.until(() => ada.announcements.length === 1);
});

test("people see who is there, on whichever device, who is writing and who has read how far", async () => {
  const proxy = await proxied();
  const ada = await person("Ada");
  const bob = await person("Bob", proxy.url);
  const [adaId, bobId] = [ada.user?.id ?? "", bob.user?.id ?? ""];
  const phone = watched();
  await phone.login({ email: "bob@example.org", password: PASSWORD });
  await phone.online();
  for (const client of [ada, bob, phone]) {
    await client.join("lobby");
    client.send("lobby", `${client.user?.name} is here`);
    await client.until(() => client.pending.length === 0);
    client.read("lobby");
  }
  await ada.until(() => ada.marks("lobby").get(bobId) === 3);
  await phone.until(() => phone.marks("lobby").get(adaId) === 1);
  await bob.until(() => bob.marks("lobby").get(bobId) === 3);
  await ada.watch("lobby");
  await ada.until(() => ada.presenceOf(bobId) === "online");
  bob.away(true);
  phone.away(true);
  await ada.until(() => ada.presenceOf(bobId) === "away");
  // a connection that comes back is still that of a device whose screen shows something else
  proxy.cut();
  await bob.until(() => bob.state === "reconnecting");
  const seen = new Set<string>();
  const all = ada.until(() => seen.add(ada.presenceOf(bobId)).has("online"));
  await bob.online();
  phone.close();
  // who comes after bob is told of after him
  const carol = await person("Carol");
  await ada.until(() => ada.presenceOf(carol.user?.id ?? "") === "online");
  expect([...seen]).toEqual(["away"]);
  bob.away(false);
  await all;
  for (let key = 0; key < 20; key += 1) bob.typing("lobby");
  await ada.until(() => ada.typists("lobby").length === 1);
  expect(ada.typists("lobby")).toEqual([{ id: bobId, name: "Bob" }]);
  expect(bob.typists("lobby")).toEqual([]);
  bob.send("lobby", "written");
  await ada.until(() => ada.texts("lobby").at(-1) === "written");
  expect(ada.typists("lobby")).toEqual([]);
  bob.close();
  await ada.until(() => ada.presenceOf(bobId) === "offline");
});

test("what was read without a connection is told when there is one, and who has gone meanwhile is gone", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  const bob = await person("Bob");
  const [adaId, bobId] = [ada.user?.id ?? "", bob.user?.id ?? ""];
  for (const client of [ada, bob]) {
    await client.join("lobby");
    client.send("lobby", "here");
    await client.until(() => client.pending.length === 0);
  }
  await ada.until(() => ada.texts("lobby").length === 2);
  bob.read("lobby");
  await ada.until(() => ada.marks("lobby").get(bobId) === 2);
  await ada.watch("lobby");
  await ada.until(() => ada.presenceOf(bobId) === "online");
  proxy.refuse(true);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  ada.read("lobby");
  bob.close();
  const eve = await person("Eve");
  await eve.join("lobby");
  await eve.watch("lobby");
  await eve.until(() => eve.presenceOf(adaId) === "offline" && eve.presenceOf(bobId) === "offline");
  proxy.refuse(false);
  await ada.online();
  await ada.until(() => ada.presenceOf(bobId) === "offline");
  const marks = async () => (await eve.call("chat.marks", { room: "lobby" })).marks;
  await eve.until(() => eve.marks("lobby").get(adaId) === 2);
  expect(await marks()).toContainEqual({ user: adaId, seq: 2 });
});

test("whether those are there whom one talks to directly is known from the list of rooms on, until they leave", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  const { room } = await ada.call("chat.direct", { user: bob.user?.id ?? "" });
  // the node learns a moment after he came that he is there
  do await ada.refresh();
  while (roomOf(ada, room)?.peerState !== "online");
  // a second device, which has heard nothing of him
  const laptop = watched();
  await laptop.login({ email: "ada@example.org", password: PASSWORD });
  await laptop.until(() => roomOf(laptop, room)?.peerState === "online");
  await laptop.join(room);
  bob.away(true);
  await laptop.until(() => roomOf(laptop, room)?.peerState === "away");
  await bob.leave(room);
  await laptop.refresh();
  expect(roomOf(laptop, room)?.peerState).toBeUndefined();
});

const roomOf = (client: Watched, room: string) => client.rooms.find((one) => one.room === room);

test("a client that follows has every room: what is unread, who mentions one, edits, and what ends", async () => {
  const ada = await person("Ada");
  await ada.join("garden");
  await ada.join("cellar");
  const changes: string[] = [];
  const bob = await person("Bob", backend.url, { follow: true });
  bob.on("membership", ({ change }) => changes.push(change));
  const bobId = bob.user?.id ?? "";
  await bob.join("garden");
  await bob.until(() => roomOf(bob, "garden") !== undefined);
  for (const text of ["one", "two @Bob", "three"]) ada.send("garden", text);
  await bob.until(() => bob.texts("garden").length === 3);
  expect(roomOf(bob, "garden")).toMatchObject({ unread: 3, mentions: 1, role: "member", kind: "public" });
  bob.read("garden");
  expect(roomOf(bob, "garden")).toMatchObject({ unread: 0, mentions: 0 });
  await ada.until(() => ada.marks("garden").get(bobId) === 3);

  // another device starts where this one has read
  ada.send("garden", "four @Bob");
  await bob.until(() => bob.texts("garden").length === 4);
  const phone = watched(backend.url, { follow: true });
  await phone.login({ email: "bob@example.org", password: PASSWORD });
  await phone.until(() => phone.texts("garden").length === 4);
  expect(roomOf(phone, "garden")).toMatchObject({ unread: 1, mentions: 1 });

  await ada.call("chat.edit", { room: "garden", seq: 1, text: "one, edited" });
  await ada.call("chat.delete", { room: "garden", seq: 4 });
  await bob.until(() => bob.timeline("garden")?.messages[3]?.deletedAt !== undefined);
  expect(bob.texts("garden")).toEqual(["one, edited", "two @Bob", "three", ""]);
  expect(roomOf(bob, "garden")?.unread).toBe(0);

  await ada.call("chat.mute", { room: "garden", user: bobId, seconds: 60 });
  await bob.until(() => (roomOf(bob, "garden")?.mutedUntil ?? 0) > Date.now());
  await expect(bob.call("chat.typing", { room: "garden" })).rejects.toMatchObject({ code: "MUTED" });
  const { room: hidden } = await ada.call("chat.create", { kind: "private", title: "Hidden" });
  await ada.call("chat.invite", { room: hidden, user: bobId });
  await bob.until(() => roomOf(bob, hidden)?.role === null);
  expect(bob.timeline(hidden)).toBeUndefined();
  await ada.call("chat.kick", { room: "garden", user: bobId });
  await bob.until(() => bob.timeline("garden") === undefined && roomOf(bob, "garden") === undefined);
  expect(changes).toEqual(["joined", "muted", "invited", "kicked"]);
});

test("who left on another device, or was put out, while this one had no connection does not come back by it", async () => {
  const ada = await person("Ada");
  await ada.join("garden");
  await ada.join("cellar");
  const proxy = await proxied();
  const bob = await person("Bob", proxy.url);
  for (const room of ["garden", "cellar", "attic"]) await bob.join(room);
  proxy.refuse(true);
  proxy.cut();
  await bob.until(() => bob.state === "reconnecting");
  const phone = watched();
  await phone.login({ email: "bob@example.org", password: PASSWORD });
  await phone.online();
  await phone.leave("garden");
  await ada.call("chat.kick", { room: "cellar", user: bob.user?.id ?? "" });
  ada.send("garden", "not for Bob");
  await ada.until(() => ada.texts("garden").length === 1);
  proxy.refuse(false);
  await bob.online();
  await bob.until(() => bob.timeline("garden") === undefined && bob.timeline("cellar") === undefined);
  phone.close();
  const { members } = await ada.call("chat.members", { room: "garden" });
  expect(members.map(({ name }) => name)).toEqual(["Ada"]);
  expect(bob.timeline("attic")).toBeDefined();
});

test("what was told and never arrived is noticed in the list of rooms", async () => {
  const proxy = await proxied();
  const ada = await person("Ada");
  const bob = await person("Bob", proxy.url);
  await ada.join("garden");
  await bob.join("garden");
  const store = await openStore(storage.options);
  const draft = { room: "garden", authorId: ada.user?.id ?? "", clientId: "untold", text: "untold", at: Date.now() };
  await store.messages.append({ ...draft, mentions: [] }, () => undefined);
  await store.close();
  await bob.refresh();
  await bob.until(() => bob.texts("garden").at(-1) === "untold");
});

/** The id of the session that the client's access token belongs to. */
async function currentSession(client: Watched): Promise<string> {
  const store = await openStore(storage.options);
  const user = client.user;
  const sessions = user ? await store.sessions.list(user.id) : [];
  await store.close();
  const [first] = sessions;
  if (!first) throw new Error("there is a session");
  return first.id;
}

test("a connection that closes right after the WebSocket's handshake is noticed at once, and tried again", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  let handshakes = 0;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  closing = server;
  const thrice = new Promise<void>((resolve) => {
    server.on("connection", (socket) => {
      socket.close();
      if (++handshakes === 3) resolve();
    });
  });
  await once(server, "listening");
  proxy.moveTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  proxy.cut();
  await thrice;
  proxy.moveTo(backend.url);
  await ada.online();
});
