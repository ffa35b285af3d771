import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { io, type Socket } from "socket.io-client";
import { WebSocketServer } from "ws";
import type { ClientOptions } from "../../../backend/client/index.ts";
import { readConfig } from "../../../backend/config.ts";
import { type Backend, startBackend } from "../../../backend/main.ts";
import { openStore } from "../store/open-store.ts";
import { type TestStorage, testStorage } from "../store/test-storage.ts";
import { testModules } from "../test-modules.ts";
import { type CuttableProxy, startProxy } from "./cuttable-proxy.ts";
import { TestClient } from "./test-client.ts";

const PASSWORD = "correct horse battery";
let storage: TestStorage;
let backend: Backend;
const clients: TestClient[] = [];
const proxies: CuttableProxy[] = [];
/** A server that accepts WebSockets and closes them at once. */
let closingServer: WebSocketServer | undefined;

beforeEach(async () => {
  storage = await testStorage();
  const config = readConfig({ PORT: "0", ...storage.env, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" });
  backend = await startBackend(config, { modules: testModules() });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const proxy of proxies.splice(0)) await proxy.close();
  closingServer?.close();
  await backend.stop();
  await storage.remove();
});

function newClient(url = backend.url, options?: Partial<ClientOptions>): TestClient {
  const client = new TestClient(url, options);
  clients.push(client);
  return client;
}

async function person(name: string, url = backend.url, options?: Partial<ClientOptions>): Promise<TestClient> {
  const client = newClient(url, options);
  await client.register({ email: `${name.toLowerCase()}@example.org`, password: PASSWORD, name });
  return client.online();
}

async function proxied(): Promise<CuttableProxy> {
  const proxy = await startProxy(backend.url);
  proxies.push(proxy);
  return proxy;
}

/** The id of the session that the client's access token belongs to. */
async function currentSession(client: TestClient): Promise<string> {
  const store = await openStore(storage.options);
  const user = client.user;
  const sessions = user ? await store.sessions.list(user.id) : [];
  await store.close();
  const [first] = sessions;
  if (!first) throw new Error("the user of the client has no session");
  return first.id;
}

test("the access token is renewed in time, and the socket goes on with it", async () => {
  let socket: Socket | undefined;
  const renewed: unknown[] = [];
  const ada = await person("Ada", backend.url, {
    renewBeforeMs: 10 * 60_000,
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
  // the server accepts the token that the client has sent
  const taken = await new Promise((resolve) => socket?.emit("authenticate", renewed[0], resolve));
  expect(taken).toBeNull();
  expect(ada.state).toBe("online");
  expect(await ada.call("users.pictures", { users: [] })).toEqual({ pictures: [] });
  expect(reused).toEqual([]);
});

test("a session that another node ends signs its client out at once, and no other client", async () => {
  const ada = await person("Ada");
  const elsewhere = newClient();
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

test("a logout that does not reach the server is rejected, and the user stays signed in", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  proxy.refuse(true);
  proxy.cut();
  await expect(ada.logout()).rejects.toMatchObject({ code: "OFFLINE" });
  expect(ada.user).toBeDefined();
});

test("wrong credentials and wrong fields are rejected with the code and the field of the server", async () => {
  const client = newClient();
  const login = client.login({ email: "nobody@example.org", password: PASSWORD });
  await expect(login).rejects.toMatchObject({ code: "CREDENTIALS", status: 401 });
  const register = client.register({ email: "ada@example.org", password: "password123", name: "Ada" });
  await expect(register).rejects.toMatchObject({ code: "PASSWORD_COMMON", field: "password" });
  expect(client.state).toBe("signedOut");
});

test("a connection that closes right after the WebSocket's handshake is noticed at once, and tried again", async () => {
  const proxy = await proxied();
  const ada = await person("Ada", proxy.url);
  let handshakes = 0;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  closingServer = server;
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

test("a part is called when a session or a connection begins or ends, and it adds fields to the handshake", async () => {
  const calls: string[] = [];
  const handshakes: unknown[] = [];
  const proxy = await proxied();
  const ada = newClient(proxy.url, {
    connect(how) {
      const socket = io(proxy.url, how);
      if (typeof socket.auth === "function") socket.auth((values) => void handshakes.push(values));
      return socket;
    },
  });
  ada.add({
    handshake: () => ({ state: "away" }),
    onSignedIn: ({ name }) => void calls.push(`${name} signs in: ${ada.state}`),
    onOnline: () => void calls.push(`connected: ${ada.state} ${ada.isConnected}`),
    onOffline: () => void calls.push(`disconnected: ${ada.isConnected}`),
    onSignedOut: (isFinal) => void calls.push(`signed out: ${isFinal}`),
  });
  await ada.register({ email: "ada@example.org", password: PASSWORD, name: "Ada" });
  await ada.online();
  expect(handshakes).toEqual([{ state: "away", token: expect.any(String) }]);
  proxy.cut();
  await ada.until(() => ada.state === "reconnecting");
  await ada.online();
  ada.close();
  await ada.login({ email: "ada@example.org", password: PASSWORD });
  await ada.online();
  const session = ["Ada signs in: signedOut", "connected: online true"];
  const interruption = ["disconnected: false", "connected: online true"];
  expect(calls).toEqual([...session, ...interruption, "signed out: false", ...session]);
  // the server closes the connection as well, before or after its response
  await ada.logout();
  expect(calls.at(-1)).toBe("signed out: true");
});
