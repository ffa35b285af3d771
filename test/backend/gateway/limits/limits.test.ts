import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { createLimits } from "../../../../backend/gateway/limits/limits.ts";
import { MAX_KEYS } from "../../../../backend/gateway/limits/use-counter.ts";
import { disconnected, emit } from "../../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { tokenOf, verifyTestToken } from "../../test-tokens.ts";
import { BINARY, frame, handshake, PING, PONG, TEXT } from "../by-hand.ts";

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

test("an entry's rate class limits an address and a user, whatever address the user comes from", async () => {
  gateway = await startTestGateway(
    { "users.profile": () => ({ id: "x" }) as never },
    { limits: { ...NO_LIMITS, read: { requests: 3, seconds: 10 } } },
  );
  const ask = async (ip: string, token: string) =>
    (await (gateway as TestGateway).request("GET", "/api/users/me", { token, headers: { "cf-connecting-ip": ip } }))
      .status;
  const alice = tokenOf("alice");
  expect([await ask("192.0.2.1", alice), await ask("192.0.2.2", alice), await ask("192.0.2.3", alice)]).toEqual([
    200, 200, 200,
  ]);
  expect(await ask("192.0.2.4", alice)).toBe(429);
  const bob = tokenOf("bob");
  expect(await ask("192.0.2.9", bob)).toBe(200);
  // strangers with bad tokens count for their address
  expect([
    await ask("192.0.2.8", "x"),
    await ask("192.0.2.8", "x"),
    await ask("192.0.2.8", "x"),
    await ask("192.0.2.8", bob),
  ]).toEqual([401, 401, 401, 429]);
});

test("HTTP and sockets draw on one budget: a socket is no way around a limit", async () => {
  gateway = await startTestGateway(
    { "users.pictures": () => ({ pictures: [] }), "users.profile": () => ({ id: "x" }) as never },
    { limits: { ...NO_LIMITS, read: { requests: 3, seconds: 10 } } },
  );
  const token = tokenOf("alice");
  const socket = await gateway.connect(token);
  const look = () => emit(socket, "call", "users.pictures", { users: ["x"] });
  expect((await look()).error).toBeNull();
  expect((await gateway.request("GET", "/api/users/me", { token })).status).toBe(200);
  expect((await look()).error).toBeNull();
  expect((await look()).error).toMatchObject({ code: "RATE_LIMITED", retryAfter: expect.any(Number) });
  expect((await gateway.request("GET", "/api/users/me", { token })).status).toBe(429);
});

test("an address may do over its sockets what ten users may, and no more however many users it has", async () => {
  gateway = await startTestGateway(
    { "users.pictures": () => ({ pictures: [] }) },
    { limits: { ...NO_LIMITS, read: { requests: 3, seconds: 10 } } },
  );
  const at = async (name: string, ip: string) => {
    const socket = await (gateway as TestGateway).connect(tokenOf(name), { extraHeaders: { "cf-connecting-ip": ip } });
    return async () => (await emit(socket, "call", "users.pictures", { users: ["x"] })).error?.code;
  };
  const office = await Promise.all(Array.from({ length: 11 }, (_, index) => at(`user${index}`, "192.0.2.1")));
  for (const look of office.slice(0, 10))
    expect([await look(), await look(), await look()]).toEqual([undefined, undefined, undefined]);
  expect(await office[10]?.()).toBe("RATE_LIMITED");
  expect(await (await at("elsewhere", "192.0.2.2"))()).toBeUndefined();
});

test("handshakes are limited per address", async () => {
  gateway = await startTestGateway({}, { limits: { ...NO_LIMITS, handshake: { requests: 3, seconds: 10 } } });
  const results = [];
  for (const ip of ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"])
    results.push(await handshake(gateway.port, ip));
  expect(results.map(({ status }) => status)).toEqual(["101", "101", "101", "429", "101"]);
  for (const { connection } of results) connection.destroy();
});

test("open sockets are limited per address, and a closed one makes room", async () => {
  const many = { address: 1000, slash56: 1000, slash48: 1000, node: 1000 };
  gateway = await startTestGateway({}, { caps: { ...CAPS, socketsWithoutSession: many } });
  const open = [];
  for (let i = 0; i < 100; i++) open.push(await handshake(gateway.port, "2001:db8::1"));
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set(["101"]));
  // another address of the same customer
  const refused = await handshake(gateway.port, "2001:db8::2");
  expect(refused.status).toBe("429");
  const other = await handshake(gateway.port, "2001:db8:1::1");
  expect(other.status).toBe("101");
  open[0]?.connection.destroy();
  let again = await handshake(gateway.port, "2001:db8::3");
  while (again.status !== "101") again = await handshake(gateway.port, "2001:db8::3");
  for (const { connection } of [...open, other, again]) connection.destroy();
});

test("unknown paths count for their address, and what a foreign page tries does not use up tries to sign in", async () => {
  gateway = await startTestGateway(
    { "users.login": () => ({}) as never },
    {
      limits: { ...NO_LIMITS, read: { requests: 3, seconds: 10 }, credential: { requests: 1, seconds: 10 } },
      config: { ORIGINS: "https://chat.example.com" },
    },
  );
  const ask = async (method: string, path: string, ip: string, more: Record<string, string> = {}) =>
    (await (gateway as TestGateway).request(method, path, { headers: { "cf-connecting-ip": ip, ...more } })).status;
  const statuses = [];
  for (const path of ["/a", "/b", "/c", "/d", "/"]) statuses.push(await ask("GET", path, "192.0.2.1"));
  expect(statuses).toEqual([404, 404, 404, 429, 429]);
  const foreign = { origin: "https://evil.test" };
  for (const status of [403, 403, 403, 429])
    expect(await ask("POST", "/api/auth/login", "192.0.2.2", foreign)).toBe(status);
  expect(await ask("POST", "/api/auth/login", "192.0.2.2")).toBe(422);
});

test("a limit remembers so many addresses and no more: the oldest is forgotten, and those it still knows stay limited", () => {
  const { address } = createLimits({ ...NO_LIMITS, read: { requests: 1, seconds: 10 } });
  for (let n = 0; n < MAX_KEYS; n++) address("read", `k${n}`);
  expect(() => address("read", "k0")).toThrow();
  address("read", "one more");
  address("read", "k0"); // forgotten, and counted anew
  expect(() => address("read", "k9")).toThrow();
  expect(() => address("read", "one more")).toThrow();
});

test("open sockets are limited per user", async () => {
  gateway = await startTestGateway();
  const token = tokenOf("many");
  for (let i = 0; i < 20; i++) await gateway.connect(token);
  await expect(gateway.connect(token)).rejects.toMatchObject({ message: "RATE_LIMITED" });
  await gateway.connect(tokenOf("other"));
});

test("sockets of a user that ask at the same moment do not slip past the limit together", async () => {
  const waiting: (() => void)[] = [];
  gateway = await startTestGateway({
    "auth.verifyToken": async (ctx) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return verifyTestToken(ctx.params.token);
    },
  });
  const asked = Array.from({ length: 30 }, () => (gateway as TestGateway).connect(tokenOf("many")));
  while (waiting.length < 30) await new Promise(setImmediate);
  for (const go of waiting) go();
  await Promise.allSettled(asked);
  expect(gateway.gateway.sockets).toBe(20);
});

test("a socket that floods is closed, whatever it sends", async () => {
  gateway = await startTestGateway({}, { limits: { ...NO_LIMITS, packet: { requests: 20, seconds: 10 } } });
  const socket = await gateway.connect(tokenOf("flood"));
  const gone = disconnected(socket);
  for (let i = 0; i < 30; i++) socket.emit("nonsense", i);
  expect(await gone).toBe("io server disconnect");
});

test("S5: all sockets of a user have one limit of refused events, and those that go beyond are closed", async () => {
  gateway = await startTestGateway({}, { limits: { ...NO_LIMITS, refusal: { requests: 20, seconds: 10 } } });
  const other = await gateway.connect(tokenOf("other"));
  for (let n = 0; n < 2; n++) {
    const socket = await gateway.connect(tokenOf("flood"));
    const gone = disconnected(socket);
    for (let i = 0; i < 11; i++) socket.emit("call", "nonsense", i);
    if (n === 1) expect(await gone).toBe("io server disconnect");
  }
  expect((await emit(other, "call", "nonsense")).error?.code).toBe("NOT_FOUND");
});

test("S5: fresh tokens have a limit for a user, for a signature is verified for each", async () => {
  let verified = 0;
  gateway = await startTestGateway(
    {
      "auth.verifyToken": ({ params }) => {
        verified += 1;
        return verifyTestToken(params.token);
      },
    },
    { limits: { ...NO_LIMITS, token: { requests: 3, seconds: 10 } } },
  );
  const sockets = [await gateway.connect(tokenOf("many")), await gateway.connect(tokenOf("many"))];
  const codes: (string | undefined)[] = [];
  for (const socket of sockets)
    for (let n = 0; n < 2; n++) codes.push((await emit(socket, "authenticate", tokenOf("many"))).error?.code);
  expect([codes, verified]).toEqual([[undefined, undefined, undefined, "RATE_LIMITED"], 5]);
});

const NAMESPACE = frame(TEXT, "40/x,"); // answered with a refusal as often as it is sent

test("whatever a connection sends is counted from its first frame on: handshakes, pings and pongs of both layers", async () => {
  gateway = await startTestGateway({}, { limits: { ...NO_LIMITS, packet: { requests: 20, seconds: 10 } } });
  for (const one of [frame(PING), frame(PONG), frame(TEXT, "3"), frame(TEXT, "6"), NAMESPACE]) {
    const { connection } = await handshake(gateway.port, "192.0.2.1");
    const closed = once(connection, "close");
    connection.resume().write(Buffer.concat(Array.from({ length: 21 }, () => one)));
    await closed;
  }
});

test("before it is let in, a connection may say nothing but who it is", async () => {
  gateway = await startTestGateway();
  for (const one of [frame(TEXT, '42["call"]'), frame(TEXT, '451-["call"]'), frame(BINARY, "x"), frame(TEXT, "4x")]) {
    const { connection } = await handshake(gateway.port, "192.0.2.1");
    const closed = once(connection, "close");
    connection.resume().write(one);
    await closed;
  }
});

test.each([
  ["pings", frame(PING, "x".repeat(125))],
  ["asks for what does not exist", NAMESPACE],
])("who %s and never reads what is answered is cut off", async (_what, one) => {
  gateway = await startTestGateway();
  const { connection } = await handshake(gateway.port, "192.0.2.1");
  connection.pause();
  const many = Buffer.concat(Array.from({ length: 65_536 / one.length }, () => one));
  for (let sent = 0; !connection.destroyed && sent < 500; sent++) {
    await new Promise((resolve) => connection.write(many, resolve));
  }
  expect(connection.destroyed).toBe(true);
});

test("a packet over 64 KiB closes its connection", async () => {
  gateway = await startTestGateway();
  const socket = await gateway.connect(tokenOf("large"));
  const gone = disconnected(socket);
  socket.emit("call", "users.pictures", { users: ["x".repeat(70_000)] });
  await gone;
});
