import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { announce, type Caller } from "../../../backend/contract/index.ts";
import { disconnected, emit } from "../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { tokenOf, verifyTestToken } from "../test-tokens.ts";

let gateway: TestGateway;
/** Calls that wait until the test lets them go on. */
const waiting: (() => void)[] = [];
/** Actions that run now, and the most that ever ran at once. */
let running = 0;
let mostRunning = 0;
/** What happens while the token of one user is being verified. */
let verifying: (() => Promise<void>) | undefined;

beforeAll(async () => {
  gateway = await startTestGateway({
    async "users.pictures"(ctx) {
      const { user } = ctx.meta;
      const [what] = ctx.params.users;
      if (what === "write") {
        // an action that writes into meta, as the article's do
        (ctx.meta as { user: Caller }).user = { id: "admin", roles: ["admin"], sid: "s-admin" };
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { pictures: [] };
      }
      if (what === "push") (user.roles as string[]).push("admin");
      mostRunning = Math.max(mostRunning, ++running);
      for (let i = 0; i < 3; i++) await turn();
      running -= 1;
      return { before: user.id, after: ctx.meta.user.id, roles: ctx.meta.user.roles } as never;
    },
    "users.profile": async (ctx) => {
      await turn();
      return { id: ctx.meta.user.id } as never;
    },
    async "users.login"(ctx) {
      await turn();
      return { refreshToken: ctx.params.email } as never;
    },
    "auth.verifyToken": async (ctx) => {
      const { token } = ctx.params;
      if (token === "null") throw null;
      if (token === "nothing") return undefined as never;
      if (token === "false") return false as never;
      if (token === "empty") return {} as never;
      if (token.startsWith("user.demoted.") && verifying) await verifying();
      return verifyTestToken(token);
    },
  });
});
afterAll(() => gateway.stop());

/** Calls the action of this test; `what` is what it does. */
const look = (socket: Awaited<ReturnType<TestGateway["connect"]>>, what = "x") =>
  emit(socket, "call", "users.pictures", { users: [what] });

test("identities of 1,650 concurrent calls and requests never mix (backend-stack 1.2 no. 2)", async () => {
  const names = Array.from({ length: 55 }, (_, index) => `user${index}`);
  const sockets: Awaited<ReturnType<TestGateway["connect"]>>[] = [];
  // few at once: the gateway limits the sockets of an address that have no session yet
  while (sockets.length < names.length) {
    const some = names.slice(sockets.length, sockets.length + 11);
    sockets.push(...(await Promise.all(some.map((name) => gateway.connect(tokenOf(name))))));
  }
  // calls of one identity never follow each other
  const calls = Array.from({ length: 20 }).flatMap(() =>
    sockets.map(async (socket, index) => {
      const { result } = await look(socket);
      return [result, { before: names[index], after: names[index], roles: ["user"] }];
    }),
  );
  const requests = Array.from({ length: 10 }).flatMap(() =>
    names.map(async (name) => [
      (await gateway.request("GET", "/api/users/me", { token: tokenOf(name) })).json,
      { id: name },
    ]),
  );
  const responses = await Promise.all([...calls, ...requests]);
  expect(responses).toHaveLength(1650);
  for (const [seen, expected] of responses) expect(seen).toEqual(expected);
  expect(mostRunning).toBeGreaterThan(100);
  for (const socket of sockets) socket.close();

  const logins = Array.from({ length: 40 }, async (_, index) => {
    const email = `u${index}@example.org`.replace("@", ".");
    const body = { email: `u${index}@example.org`, password: "x" };
    const { headers } = await gateway.request("POST", "/api/auth/login", { body, headers: { origin: gateway.url } });
    return [index, headers.get("set-cookie"), email];
  });
  // an @ cannot stand in the cookie: each of these fails by itself instead of getting another's
  for (const [, cookie] of await Promise.all(logins)) expect(cookie).toBeNull();
});

test("no middleware wraps broker.call: an asynchronous one mixes contexts (no. 2)", () => {
  const { registeredHooks } = gateway.broker.middlewares as unknown as { registeredHooks: Record<string, unknown[]> };
  // Timeout and Debounce of Moleculer are there, and none of them wraps call
  expect(Object.keys(registeredHooks)).toContain("localAction");
  expect(registeredHooks.call).toBeUndefined();
});

test("an action that writes meta.user changes no identity (H4)", async () => {
  const socket = await gateway.connect(tokenOf("mallory"));
  const sent = look(socket, "write");
  while (waiting.length === 0) await turn();
  waiting.pop()?.();
  await sent;
  const own = { before: "mallory", after: "mallory", roles: ["user"] };
  expect((await look(socket)).result).toEqual(own);
  // the roles are frozen as well
  expect((await look(socket, "push")).error?.code).toBe("INTERNAL");
  expect((await look(socket)).result).toEqual(own);
});

test("logout is not undone by a call in flight (H5, backend-stack 1.2 no. 9)", async () => {
  const socket = await gateway.connect(tokenOf("leaver"));
  socket.emit("call", "users.pictures", { users: ["write"] });
  while (waiting.length === 0) await turn();
  const gone = disconnected(socket);
  await announce(gateway.broker, "session.ended", { sid: "s-leaver" });
  await gone;
  waiting.pop()?.();
  // the session stays ended for a handshake that was under way, too
  await expect(gateway.connect(tokenOf("leaver"))).rejects.toMatchObject({ message: "UNAUTHORIZED" });
});

test("one connection carries one identity: a second handshake on it is refused (H6, no. 8)", async () => {
  const socket = await gateway.connect(tokenOf("alice"));
  const closed = disconnected(socket);
  // CONNECT again on the same connection, as another user
  socket.io.engine.write(`0${JSON.stringify({ token: tokenOf("bob", "admin") })}`);
  await closed;
});

test("a connection whose socket has left the namespace is closed: nothing else would ever end it", async () => {
  const raw = new WebSocket(`ws://127.0.0.1:${gateway.port}/socket.io/?EIO=4&transport=websocket`);
  const closed = new Promise((resolve) => {
    raw.onclose = resolve;
  });
  await new Promise((resolve) => {
    raw.onmessage = ({ data }) => String(data).startsWith("40") && resolve(data);
    raw.onopen = () => raw.send(`40${JSON.stringify({ token: tokenOf("ghost") })}`);
  });
  raw.send("41");
  raw.send('420["call","users.pictures",{"users":["x"]}]');
  await closed;
});

test("many handshakes at once on one connection make at most one socket", async () => {
  const { engine } = (await gateway.connect(tokenOf("opener"))).io;
  const port = gateway.port;
  const { WebSocket } = globalThis;
  const raw = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  const packets: string[] = [];
  raw.onmessage = ({ data }) => packets.push(String(data));
  await new Promise((resolve) => {
    raw.onopen = resolve;
  });
  for (let i = 0; i < 50; i++) raw.send(`40${JSON.stringify({ token: tokenOf("twin") })}`);
  while (packets.filter((packet) => packet.startsWith("4")).length < 1) await turn();
  await look(await gateway.connect(tokenOf("other")));
  expect(packets.filter((packet) => packet.startsWith("40")).length).toBeLessThanOrEqual(1);
  raw.close();
  engine.close();
});

test("whatever the verification of a token returns, only an identity opens a socket (H3, backend-stack 1.2 no. 5)", async () => {
  for (const token of ["null", "nothing", "false", "empty"]) {
    await expect(gateway.connect(token)).rejects.toMatchObject({
      message: expect.stringMatching(/UNAUTHORIZED|INTERNAL/),
    });
    expect((await gateway.request("GET", "/api/users/me", { token })).status).toBeGreaterThanOrEqual(400);
  }
});

test("a socket is closed when its token ends, and a fresh token of the same session keeps it (no. 13)", async () => {
  const short = await gateway.connect(tokenOf("short", "user", 0.3));
  const kept = await gateway.connect(tokenOf("kept", "user", 0.3));
  expect((await emit(kept, "authenticate", tokenOf("short"))).error?.code).toBe("UNAUTHORIZED");
  expect((await emit(kept, "authenticate", tokenOf("kept"))).error).toBeNull();
  await disconnected(short);
  expect((await look(kept)).error).toBeNull();
});

test("the end of a session closes its own sockets at once, and no others (no. 13)", async () => {
  const [one, two, other] = await Promise.all([
    gateway.connect(tokenOf("ender")),
    gateway.connect(tokenOf("ender")),
    gateway.connect(tokenOf("stayer")),
  ]);
  const gone = Promise.all([disconnected(one), disconnected(two)]);
  await announce(gateway.broker, "session.ended", { sid: "s-ender" });
  await gone;
  expect((await look(other)).error).toBeNull();
});

test("a user whose roles change while the token is being verified gets no socket with the former ones", async () => {
  verifying = () => announce(gateway.broker, "user.changed", { id: "demoted", at: 1 });
  const socket = await gateway.connect(tokenOf("demoted"));
  if (socket.connected) await disconnected(socket);
  expect(socket.connected).toBe(false);
  // who comes back has the roles that count now
  verifying = undefined;
  const again = await gateway.connect(tokenOf("demoted"));
  expect((await look(again)).error).toBeNull();
  again.close();
});
