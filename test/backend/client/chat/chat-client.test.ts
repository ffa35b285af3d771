import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { chatFeature } from "../../../../backend/chat/feature.ts";
import type { ChatClientOptions, OutboxStorage } from "../../../../backend/client/chat/index.ts";
import type { ClientOptions } from "../../../../backend/client/index.ts";
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

const start = (port = "0") =>
  startBackend(readConfig({ PORT: port, ...storage.env, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" }), {
    assets,
    modules: testModules({
      modules: { chat: chatFeature({ presence: { graceMs: 100, intervalMs: 10, windowMs: 10 } }) },
    }),
  });

beforeEach(async () => {
  storage = await testStorage();
  backend = await start();
});
afterEach(async () => {
  const doubled = clients.flatMap((client) => client.doubled);
  for (const client of clients.splice(0)) client.close();
  for (const proxy of proxies.splice(0)) await proxy.close();
  await backend.stop();
  await storage.remove();
  expect(doubled).toEqual([]);
});

function watched(url = backend.url, options?: Partial<ClientOptions & ChatClientOptions>): Watched {
  const client = new Watched(url, options);
  clients.push(client);
  return client;
}

async function person(
  name: string,
  url = backend.url,
  options?: Partial<ClientOptions & ChatClientOptions>,
): Promise<Watched> {
  const client = watched(url, options);
  await client.register({ email: `${name.toLowerCase()}@example.org`, password: PASSWORD, name });
  return client.online();
}

async function proxied(): Promise<CuttableProxy> {
  const proxy = await startProxy(backend.url);
  proxies.push(proxy);
  return proxy;
}

test("two users exchange messages live, and each sees each message once", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  expect(await ada.chat.join("Lobby")).toBe("lobby");
  await bob.chat.join("lobby");
  for (const text of ["one", "two", "three"]) {
    ada.chat.send("lobby", text);
    bob.chat.send("lobby", `${text} too`);
  }
  for (const client of [ada, bob]) {
    await client.until(() => client.texts("lobby").length === 6 && client.chat.pending.length === 0);
    expect(new Set(client.texts("lobby")).size).toBe(6);
  }
  expect(ada.texts("lobby")).toEqual(bob.texts("lobby"));
  expect(ada.texts("lobby").filter((text) => !text.endsWith("too"))).toEqual(["one", "two", "three"]);
});

test("what is written without a connection is kept, sent once in order when it is back, and what was missed arrives", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  const bob = await person("Bob");
  await ada.chat.join("lobby");
  await bob.chat.join("lobby");
  proxy.refuse(true);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  const written = ["first", "second", "third"];
  for (const text of written) ada.chat.send("lobby", text);
  expect(ada.chat.pending.map(({ text, state }) => [text, state])).toEqual(written.map((text) => [text, "waiting"]));
  bob.chat.send("lobby", "missed by Ada");
  await bob.until(() => bob.chat.pending.length === 0);
  proxy.refuse(false);
  await ada.online();
  for (const client of [ada, bob]) {
    await client.until(() => client.texts("lobby").length === 4);
    expect(client.texts("lobby")).toEqual(["missed by Ada", ...written]);
  }
  expect(ada.chat.pending).toEqual([]);
});

test("S5: a client that missed more than one response holds gets all of it, in order", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob", (await proxied()).url)];
  for (const client of [ada, bob]) await client.chat.join("lobby");
  const [proxy] = proxies;
  proxy?.refuse(true);
  proxy?.cut();
  await bob.until(() => bob.state === "reconnecting");
  const texts = Array.from({ length: 40 }, (_, n) => `${n} ${"漢".repeat(3_900)}`);
  for (const text of texts) ada.chat.send("lobby", text);
  await ada.until(() => ada.chat.pending.length === 0);
  proxy?.refuse(false);
  await bob.until(() => bob.texts("lobby").length === texts.length);
  expect(bob.texts("lobby")).toEqual(texts);
});

test("a lost acknowledgement does not send a message twice", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  const bob = await person("Bob");
  await ada.chat.join("lobby");
  await bob.chat.join("lobby");
  proxy.mute();
  ada.chat.send("lobby", "only once");
  await bob.until(() => bob.texts("lobby").length === 1);
  expect(ada.chat.pending).toMatchObject([{ text: "only once", state: "sending" }]);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  await ada.online();
  await ada.until(() => ada.chat.pending.length === 0 && ada.texts("lobby").length === 1);
  bob.chat.send("lobby", "after");
  await ada.until(() => ada.texts("lobby").length === 2);
  expect(bob.texts("lobby")).toEqual(["only once", "after"]);
});

test("a restarted backend loses no message, and all clients reconnect by themselves", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  await ada.chat.join("lobby");
  await bob.chat.join("lobby");
  ada.chat.send("lobby", "before");
  await bob.until(() => bob.texts("lobby").length === 1);
  const { port } = new URL(backend.url);
  await backend.stop();
  await ada.until(() => ada.state === "reconnecting");
  ada.chat.send("lobby", "meanwhile");
  backend = await start(port);
  for (const client of [ada, bob]) {
    client.wake();
    await client.until(() => client.texts("lobby").length === 2);
    expect(client.texts("lobby")).toEqual(["before", "meanwhile"]);
  }
});

test("messages that are not sent yet outlive the page: the next session sends them, once", async () => {
  const kept = new Map<string, string>();
  const storage: OutboxStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url, { storage });
  const bob = await person("Bob");
  await ada.chat.join("lobby");
  await bob.chat.join("lobby");
  proxy.mute();
  ada.chat.send("lobby", "stored, but never acknowledged");
  ada.chat.send("lobby", "never sent");
  await bob.until(() => bob.texts("lobby").length === 1);
  ada.close(); // the page is gone
  const stranger = await person("Eve", backend.url, { storage });
  expect(stranger.chat.pending).toEqual([]);
  const back = watched(backend.url, { storage });
  await back.login({ email: "ada@example.org", password: PASSWORD });
  expect(back.chat.pending.map(({ text }) => text)).toEqual(["stored, but never acknowledged", "never sent"]);
  await bob.until(() => bob.texts("lobby").length === 2);
  await back.until(() => back.chat.pending.length === 0);
  expect(bob.texts("lobby")).toEqual(["stored, but never acknowledged", "never sent"]);
  back.chat.send("lobby", "bell \u0007");
  await back.until(() => back.chat.pending[0]?.state === "failed");
  await back.logout();
  expect([...kept.keys()].filter((key) => key !== `causeway.outbox.${stranger.user?.id}`)).toEqual([]);
});

test("200 messages wait at most, and another one is refused", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  proxy.refuse(true);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  for (let n = 0; n < 200; n += 1) ada.chat.send("lobby", `m${n}`);
  expect(() => ada.chat.send("lobby", "one more")).toThrow(expect.objectContaining({ code: "OUTBOX_FULL" }));
  ada.chat.discard(ada.chat.pending[0]?.clientId ?? "");
  expect(ada.chat.send("lobby", "fits").state).toBe("waiting");
});

test("a message that the server refuses is kept with the reason, until it is tried again or given up", async () => {
  const ada = await person("Ada");
  await ada.chat.join("lobby");
  const { clientId } = ada.chat.send("lobby", "bell \u0007");
  ada.chat.send("lobby", "fine");
  await ada.until(() => ada.texts("lobby").length === 1);
  const failed = { clientId, state: "failed", problem: "The text contains control characters." };
  expect(ada.chat.pending).toMatchObject([failed]);
  ada.chat.retry(clientId);
  await ada.until(() => ada.chat.pending[0]?.state === "failed");
  ada.chat.discard(clientId);
  expect(ada.chat.pending).toEqual([]);
});

test("older messages come page by page, and announcements reach everybody", async () => {
  const ada = await person("Ada");
  const bob = await person("Bob");
  await ada.chat.join("lobby");
  for (let n = 1; n <= 55; n += 1) await ada.call("chat.send", { room: "lobby", text: `m${n}`, clientId: `c${n}` });
  await bob.chat.join("lobby");
  expect(bob.texts("lobby")).toHaveLength(50);
  await bob.chat.older("lobby");
  expect(bob.texts("lobby")).toEqual(Array.from({ length: 55 }, (_, n) => `m${n + 1}`));
  await expect(bob.chat.announce("no")).rejects.toMatchObject({ code: "FORBIDDEN" });
  await backend.broker.broadcast("sockets.broadcast", {
    event: "serverMessage",
    payload: { text: "Hello all", at: 1 },
  });
  await bob.until(() => bob.announcements.length === 1);
  await ada.until(() => ada.announcements.length === 1);
});

test("users see who is online on any device, who is typing and who has read how far", async () => {
  const proxy = await proxied();
  const ada = await person("Ada");
  const bob = await person("Bob", proxy.url);
  const [adaId, bobId] = [ada.user?.id ?? "", bob.user?.id ?? ""];
  const phone = watched();
  await phone.login({ email: "bob@example.org", password: PASSWORD });
  await phone.online();
  for (const client of [ada, bob, phone]) {
    await client.chat.join("lobby");
    client.chat.send("lobby", `${client.user?.name} is here`);
    await client.until(() => client.chat.pending.length === 0);
    client.chat.read("lobby");
  }
  await ada.until(() => ada.chat.marks("lobby").get(bobId) === 3);
  await phone.until(() => phone.chat.marks("lobby").get(adaId) === 1);
  await bob.until(() => bob.chat.marks("lobby").get(bobId) === 3);
  await ada.chat.watch("lobby");
  await ada.until(() => ada.chat.presenceOf(bobId) === "online");
  bob.chat.away(true);
  phone.chat.away(true);
  await ada.until(() => ada.chat.presenceOf(bobId) === "away");
  // a connection that comes back is still that of a device whose screen shows something else
  proxy.cut();
  await bob.until(() => bob.state === "reconnecting");
  const seen = new Set<string>();
  const all = ada.until(() => seen.add(ada.chat.presenceOf(bobId)).has("online"));
  await bob.online();
  phone.close();
  // who comes after bob is told of after him
  const carol = await person("Carol");
  await ada.until(() => ada.chat.presenceOf(carol.user?.id ?? "") === "online");
  expect([...seen]).toEqual(["away"]);
  bob.chat.away(false);
  await all;
  for (let key = 0; key < 20; key += 1) bob.chat.typing("lobby");
  await ada.until(() => ada.chat.typists("lobby").length === 1);
  expect(ada.chat.typists("lobby")).toEqual([{ id: bobId, name: "Bob" }]);
  expect(bob.chat.typists("lobby")).toEqual([]);
  bob.chat.send("lobby", "written");
  await ada.until(() => ada.texts("lobby").at(-1) === "written");
  expect(ada.chat.typists("lobby")).toEqual([]);
  bob.close();
  await ada.until(() => ada.chat.presenceOf(bobId) === "offline");
});

test("marks set without a connection are sent with the next one, and users who have left meanwhile are offline", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  const bob = await person("Bob");
  const [adaId, bobId] = [ada.user?.id ?? "", bob.user?.id ?? ""];
  for (const client of [ada, bob]) {
    await client.chat.join("lobby");
    client.chat.send("lobby", "here");
    await client.until(() => client.chat.pending.length === 0);
  }
  await ada.until(() => ada.texts("lobby").length === 2);
  bob.chat.read("lobby");
  await ada.until(() => ada.chat.marks("lobby").get(bobId) === 2);
  await ada.chat.watch("lobby");
  await ada.until(() => ada.chat.presenceOf(bobId) === "online");
  proxy.refuse(true);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  ada.chat.read("lobby");
  bob.close();
  const eve = await person("Eve");
  await eve.chat.join("lobby");
  await eve.chat.watch("lobby");
  await eve.until(() => eve.chat.presenceOf(adaId) === "offline" && eve.chat.presenceOf(bobId) === "offline");
  proxy.refuse(false);
  await ada.online();
  await ada.until(() => ada.chat.presenceOf(bobId) === "offline");
  const marks = async () => (await eve.call("chat.marks", { room: "lobby" })).marks;
  await eve.until(() => eve.chat.marks("lobby").get(adaId) === 2);
  expect(await marks()).toContainEqual({ user: adaId, seq: 2 });
});

test("the list of rooms has the presence of the other user of a direct room, until that user leaves it", async () => {
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  const { room } = await ada.call("chat.direct", { user: bob.user?.id ?? "" });
  // the node learns a moment after he came that he is there
  do await ada.chat.refresh();
  while (roomOf(ada, room)?.peerState !== "online");
  // a second device, which has heard nothing of him
  const laptop = watched();
  await laptop.login({ email: "ada@example.org", password: PASSWORD });
  await laptop.until(() => roomOf(laptop, room)?.peerState === "online");
  await laptop.chat.join(room);
  bob.chat.away(true);
  await laptop.until(() => roomOf(laptop, room)?.peerState === "away");
  await bob.chat.leave(room);
  await laptop.chat.refresh();
  expect(roomOf(laptop, room)?.peerState).toBeUndefined();
});

const roomOf = (client: Watched, room: string) => client.chat.rooms.find((one) => one.room === room);

test("a client that follows has every room: what is unread, who mentions one, edits, and what ends", async () => {
  const ada = await person("Ada");
  await ada.chat.join("garden");
  await ada.chat.join("cellar");
  const changes: string[] = [];
  const bob = await person("Bob", backend.url, { follow: true });
  bob.on("membership", ({ change }) => changes.push(change));
  const bobId = bob.user?.id ?? "";
  await bob.chat.join("garden");
  await bob.until(() => roomOf(bob, "garden") !== undefined);
  for (const text of ["one", "two @Bob", "three"]) ada.chat.send("garden", text);
  await bob.until(() => bob.texts("garden").length === 3);
  expect(roomOf(bob, "garden")).toMatchObject({ unread: 3, mentions: 1, role: "member", kind: "public" });
  bob.chat.read("garden");
  expect(roomOf(bob, "garden")).toMatchObject({ unread: 0, mentions: 0 });
  await ada.until(() => ada.chat.marks("garden").get(bobId) === 3);

  // another device starts where this one has read
  ada.chat.send("garden", "four @Bob");
  await bob.until(() => bob.texts("garden").length === 4);
  const phone = watched(backend.url, { follow: true });
  await phone.login({ email: "bob@example.org", password: PASSWORD });
  await phone.until(() => phone.texts("garden").length === 4);
  expect(roomOf(phone, "garden")).toMatchObject({ unread: 1, mentions: 1 });

  await ada.call("chat.edit", { room: "garden", seq: 1, text: "one, edited" });
  await ada.call("chat.delete", { room: "garden", seq: 4 });
  await bob.until(() => bob.chat.timeline("garden")?.messages[3]?.deletedAt !== undefined);
  expect(bob.texts("garden")).toEqual(["one, edited", "two @Bob", "three", ""]);
  expect(roomOf(bob, "garden")?.unread).toBe(0);

  await ada.call("chat.mute", { room: "garden", user: bobId, seconds: 60 });
  await bob.until(() => (roomOf(bob, "garden")?.mutedUntil ?? 0) > Date.now());
  await expect(bob.call("chat.typing", { room: "garden" })).rejects.toMatchObject({ code: "MUTED" });
  const { room: hidden } = await ada.call("chat.create", { kind: "private", title: "Hidden" });
  await ada.call("chat.invite", { room: hidden, user: bobId });
  await bob.until(() => roomOf(bob, hidden)?.role === null);
  expect(bob.chat.timeline(hidden)).toBeUndefined();
  await ada.call("chat.kick", { room: "garden", user: bobId });
  await bob.until(() => bob.chat.timeline("garden") === undefined && roomOf(bob, "garden") === undefined);
  expect(changes).toEqual(["joined", "muted", "invited", "kicked"]);
});

test("a room that the user has left or was removed from while this device had no connection is not joined again", async () => {
  const ada = await person("Ada");
  await ada.chat.join("garden");
  await ada.chat.join("cellar");
  const proxy = await proxied();
  const bob = await person("Bob", proxy.url);
  for (const room of ["garden", "cellar", "attic"]) await bob.chat.join(room);
  proxy.refuse(true);
  proxy.cut();
  await bob.until(() => bob.state === "reconnecting");
  const phone = watched();
  await phone.login({ email: "bob@example.org", password: PASSWORD });
  await phone.online();
  await phone.chat.leave("garden");
  await ada.call("chat.kick", { room: "cellar", user: bob.user?.id ?? "" });
  ada.chat.send("garden", "not for Bob");
  await ada.until(() => ada.texts("garden").length === 1);
  proxy.refuse(false);
  await bob.online();
  await bob.until(() => bob.chat.timeline("garden") === undefined && bob.chat.timeline("cellar") === undefined);
  phone.close();
  const { members } = await ada.call("chat.members", { room: "garden" });
  expect(members.map(({ name }) => name)).toEqual(["Ada"]);
  expect(bob.chat.timeline("attic")).toBeDefined();
});

test("a message whose event never arrived is found by the list of rooms", async () => {
  const proxy = await proxied();
  const ada = await person("Ada");
  const bob = await person("Bob", proxy.url);
  await ada.chat.join("garden");
  await bob.chat.join("garden");
  const store = await openStore(storage.options);
  const authorId = ada.user?.id ?? "";
  const [session] = await store.sessions.list(authorId);
  const draft = {
    room: "garden",
    authorId,
    sid: session?.id ?? "",
    clientId: "untold",
    text: "untold",
    at: Date.now(),
  };
  await store.messages.append({ ...draft, mentions: [] }, () => undefined);
  await store.close();
  await bob.chat.refresh();
  await bob.until(() => bob.texts("garden").at(-1) === "untold");
});
