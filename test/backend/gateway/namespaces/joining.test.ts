import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import { WebSocket } from "ws";
import { announce } from "../../../../backend/contract/index.ts";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { disconnected, emit } from "../../socket-calls.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { tokenOf } from "../../test-tokens.ts";
import { frame, handshake, TEXT, untilClosed } from "../by-hand.ts";
import { startNamespaceGateway, TestConnection } from "./namespace-gateway.ts";

let gateway: TestGateway;
const connections: TestConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await gateway.stop();
});

function connection(): TestConnection {
  const opened = new TestConnection(gateway.url);
  connections.push(opened);
  return opened;
}

const whoami = async (socket: Parameters<typeof emit>[0], service: string) =>
  (await emit(socket, "call", `${service}.whoami`, {})).result;

test("H3: each namespace of a connection has the identity of its own token, also while calls run at once", async () => {
  gateway = await startNamespaceGateway();
  const one = connection();
  const [jobs, staff, open, main] = [
    await one.join("/jobs", tokenOf("ann")),
    await one.join("/staff", tokenOf("mod", "moderator")),
    await one.join("/open"),
    await one.join("/", tokenOf("bob")),
  ];
  const rounds = Array.from({ length: 30 }, () =>
    Promise.all([whoami(jobs, "jobs"), whoami(staff, "staff"), whoami(open, "open")]),
  );
  for (const round of await Promise.all(rounds))
    expect(round).toEqual([{ user: "ann" }, { user: "mod" }, { user: "nobody" }]);
  expect((await emit(main, "authenticate", tokenOf("ann"))).error?.code).toBe("UNAUTHORIZED");
  expect((await emit(main, "authenticate", tokenOf("bob"))).error).toBeNull();
  expect(gateway.gateway.sockets).toBe(4);
});

test("H3: a client without a valid token, or without the role, does not join", async () => {
  gateway = await startNamespaceGateway();
  const refusals: readonly (readonly [string, string | undefined, string])[] = [
    ["/jobs", undefined, "UNAUTHORIZED"],
    ["/jobs", "forged", "UNAUTHORIZED"],
    ["/open", "forged", "UNAUTHORIZED"],
    ["/staff", tokenOf("ann"), "FORBIDDEN"],
  ];
  for (const [namespace, token, code] of refusals) {
    await expect(connection().join(namespace, token)).rejects.toMatchObject({ message: code, data: { code } });
  }
  // another token on the same connection
  const one = connection();
  await one.join("/open");
  await expect(one.join("/staff", tokenOf("ann"))).rejects.toMatchObject({ message: "FORBIDDEN" });
  const staff = await one.join("/staff", tokenOf("mod", "moderator"));
  expect(await whoami(staff, "staff")).toEqual({ user: "mod" });
  expect(gateway.gateway.sockets).toBe(2);
});

test("a client that the main namespace has refused joins it with another token on the same connection", async () => {
  gateway = await startNamespaceGateway();
  const one = connection();
  await one.join("/open");
  for (const token of ["forged", undefined])
    await expect(one.join("/", token)).rejects.toMatchObject({ message: "UNAUTHORIZED" });
  const main = await one.join("/", tokenOf("ann"));
  expect((await emit(main, "authenticate", tokenOf("ann"))).error).toBeNull();
});

test("H3: an undeclared namespace is refused, and the others of the connection go on", async () => {
  gateway = await startNamespaceGateway();
  const one = connection();
  const jobs = await one.join("/jobs", tokenOf("ann"));
  for (const name of ["/admin", "/jobs/", "/JOBS", "/jobs/x", "/__proto__", "/constructor", "/toString"]) {
    await expect(one.join(name, tokenOf("ann"))).rejects.toMatchObject({
      message: "NOT_FOUND",
      data: { code: "NOT_FOUND", message: "There is nothing here." },
    });
  }
  expect(await whoami(jobs, "jobs")).toEqual({ user: "ann" });
});

test("H3: each CONNECT beyond the first of a connection counts as a handshake of its address", async () => {
  gateway = await startNamespaceGateway({}, { limits: { ...NO_LIMITS, handshake: { requests: 5, seconds: 60 } } });
  const one = connection();
  await one.join("/jobs", tokenOf("ann"));
  await one.join("/", tokenOf("ann"));
  for (const _ of [1, 2, 3]) await expect(one.join("/admin")).rejects.toMatchObject({ message: "NOT_FOUND" });
  await expect(one.join("/admin")).rejects.toMatchObject({ message: "RATE_LIMITED" });
  await expect(one.join("/open")).rejects.toMatchObject({ message: "RATE_LIMITED" });
  await expect(connection().join("/jobs", tokenOf("ann"))).rejects.toThrow("websocket error");
});

test("a client whose namespace is no plain name is disconnected", async () => {
  gateway = await startNamespaceGateway();
  for (const name of ["/a b", "/a\n", "/\u0000", "/\u007f", "/é", `/${"x".repeat(65)}`]) {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/socket.io/?EIO=4&transport=websocket`);
    client.on("error", () => undefined).on("open", () => client.send(`40${name},`));
    await once(client, "close");
  }
});

test("a client joins a namespace once: a second CONNECT, also while the first is under way, is refused", async () => {
  gateway = await startNamespaceGateway();
  const { connection: raw } = await handshake(gateway.port, "192.0.2.1");
  let text = "";
  raw.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  const join = frame(TEXT, `40/jobs,${JSON.stringify({ token: tokenOf("ann") })}`);
  raw.write(Buffer.concat([join, join, frame(TEXT, '42/jobs,1["call","jobs.whoami",{}]')]));
  while (!text.includes("40/jobs,{")) await new Promise((resolve) => raw.once("data", resolve));
  expect(text).toContain('44/jobs,{"message":"BAD_REQUEST"');
  raw.write(frame(TEXT, '42/jobs,2["call","jobs.whoami",{}]'));
  while (!text.includes('43/jobs,2[null,{"user":"ann"}]')) await new Promise((resolve) => raw.once("data", resolve));
  expect(gateway.gateway.sockets).toBe(1);
  raw.destroy();
});

test("H3: a connection is in few namespaces at once, and a user has few connections, in whichever namespaces", async () => {
  const caps = { ...CAPS, namespaces: { ...CAPS.namespaces, connection: 2 }, sockets: { ...CAPS.sockets, user: 3 } };
  gateway = await startNamespaceGateway({}, { caps });
  const one = connection();
  const jobs = await one.join("/jobs", tokenOf("ann"));
  const open = await one.join("/open", tokenOf("ann"));
  await expect(one.join("/staff", tokenOf("mod", "moderator"))).rejects.toMatchObject({ message: "RATE_LIMITED" });
  jobs.disconnect();
  await whoami(open, "open");
  await one.join("/staff", tokenOf("mod", "moderator"));
  const second = connection();
  await second.join("/jobs", tokenOf("ann"));
  await connection().join("/jobs", tokenOf("ann"));
  for (const namespace of ["/jobs", "/open", "/"])
    await expect(connection().join(namespace, tokenOf("ann"))).rejects.toMatchObject({ message: "RATE_LIMITED" });
  // another namespace of a connection that is counted already
  (await second.join("/", tokenOf("ann"))).disconnect();
  expect(gateway.gateway.caps).toEqual(
    expect.arrayContaining([
      { cap: "namespaces", limits: caps.namespaces, used: 4, refused: 1 },
      { cap: "anonymous_sockets", limits: CAPS.anonymousSockets, used: 0, refused: 0 },
    ]),
  );
});

test("H3: clients without a token have few sockets of an address, and keep them without a session", async () => {
  const caps = { ...CAPS, anonymousSockets: { ...CAPS.anonymousSockets, address: 2 } };
  gateway = await startNamespaceGateway({}, { caps, times: { authenticationMs: 1_000 } });
  const [first, second, third] = [connection(), connection(), connection()];
  const open = await first.join("/open");
  await second.join("/open");
  const refused = await third.join("/open");
  if (refused.connected) await disconnected(refused);
  // a connection that joins nothing is closed by now
  const { connection: idle } = await handshake(gateway.port, "192.0.2.1");
  await untilClosed(idle);
  expect(await whoami(open, "open")).toEqual({ user: "nobody" });
  expect((await emit(open, "call", "open.secret", {})).error?.code).toBe("UNAUTHORIZED");
});

test("H3: the end of a token, of a session, and a change of roles end that namespace alone, unreadable sessions all", async () => {
  gateway = await startNamespaceGateway();
  const one = connection();
  const main = await one.join("/", tokenOf("ann"));
  const open = await one.join("/open");
  let jobs = await one.join("/jobs", tokenOf("bob", "user", 0.3));
  expect(await disconnected(jobs)).toBe("io server disconnect");

  jobs = await one.join("/jobs", tokenOf("bob"));
  const staff = await one.join("/staff", tokenOf("mod", "moderator"));
  const ended = disconnected(jobs);
  await announce(gateway.broker, "session.ended", { sid: "s-bob" });
  expect(await ended).toBe("io server disconnect");
  await expect(one.join("/jobs", tokenOf("bob"))).rejects.toMatchObject({ message: "UNAUTHORIZED" });

  const changed = disconnected(staff);
  await announce(gateway.broker, "user.changed", { id: "mod", at: 1 });
  expect(await changed).toBe("io server disconnect");
  expect(await whoami(open, "open")).toEqual({ user: "nobody" });
  expect(main.connected).toBe(true);

  // the main one ends, and the others stay; it can be joined again
  const left = disconnected(main);
  await announce(gateway.broker, "session.ended", { sid: "s-ann" });
  await left;
  expect(await whoami(open, "open")).toEqual({ user: "nobody" });
  const again = await one.join("/", tokenOf("carl"));
  expect((await emit(again, "authenticate", tokenOf("carl"))).error).toBeNull();

  const ends = [disconnected(again), disconnected(await one.join("/jobs", tokenOf("dora")))];
  await gateway.broker.broadcastLocal("sessions.unreadable", {});
  await Promise.all(ends);
  expect(await whoami(open, "open")).toEqual({ user: "nobody" });
  const over = one.closed;
  open.disconnect();
  await over;
});

test("a session that ends while its token is verified opens no socket", async () => {
  gateway = await startNamespaceGateway();
  const joining = connection().join("/jobs", tokenOf("eve"));
  const outcome = joining.then(
    (socket) => (socket.connected ? disconnected(socket) : "transport close"),
    ({ message }: Error) => message,
  );
  await new Promise((resolve) => setImmediate(resolve));
  await announce(gateway.broker, "session.ended", { sid: "s-eve" });
  expect(await outcome).toMatch(/^(UNAUTHORIZED|io server disconnect|transport close)$/);
  expect(gateway.gateway.sockets).toBe(0);
});

test("a fresh token of the same session keeps a socket in its namespace; another user's is refused", async () => {
  gateway = await startNamespaceGateway();
  const one = connection();
  const jobs = await one.join("/jobs", tokenOf("ann", "user", 1.5));
  expect((await emit(jobs, "authenticate", tokenOf("bob"))).error?.code).toBe("UNAUTHORIZED");
  expect((await emit(jobs, "authenticate", tokenOf("ann", "user", 600))).error).toBeNull();
  const other = connection();
  expect(await disconnected(await other.join("/jobs", tokenOf("carl", "user", 1.6)))).toMatch(/disconnect|close/);
  expect(await whoami(jobs, "jobs")).toEqual({ user: "ann" });
});
