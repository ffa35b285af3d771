import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { installedVersion } from "../../installed.ts";
import { disconnected, emit } from "../../socket-calls.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { tokenOf } from "../../test-tokens.ts";
import { frame, handshake, TEXT } from "../by-hand.ts";
import { startNamespaceGateway, TestConnection } from "./namespace-gateway.ts";

let gateway: TestGateway;
const connections: TestConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await gateway.stop();
});

function join(namespace: string, token?: string): Promise<Socket> {
  const connection = new TestConnection(gateway.url);
  connections.push(connection);
  return connection.join(namespace, token);
}

const circular: Record<string, unknown> = {};
circular.self = circular;
const never = () => new Promise<never>(() => undefined);

test("H3: a call of a namespace is made by moleculer-io", async () => {
  gateway = await startNamespaceGateway({ "jobs.whoami": ({ caller, level }) => ({ caller, level }) });
  const jobs = await join("/jobs", tokenOf("ann"));
  // the first level is moleculer-io's own action
  expect((await emit(jobs, "call", "jobs.whoami", {})).result).toEqual({ caller: "gateway", level: 2 });
});

test("H3: only the listed calls exist, whatever the name is made of", async () => {
  gateway = await startNamespaceGateway();
  const jobs = await join("/jobs", tokenOf("ann"));
  const names: readonly unknown[] = [
    ...["jobs.nothing", "staff.whoami", "open.whoami", "auth.verifyToken", "gateway.call", "gateway.broadcast"],
    ...["gateway.rest", "$node.options", "jobs.*", "**", "", "constructor", "__proto__", "toString", "users.me"],
    ...[null, undefined, 1, {}, [], ["jobs.whoami"], { toString: "jobs.whoami" }],
  ];
  for (const name of names) expect((await emit(jobs, "call", name, {})).error?.code).toBe("NOT_FOUND");
  for (const event of ["jobs.whoami", "progress", "message", "subscribe"])
    expect((await emit(jobs, event, {})).error?.code).toBe("NOT_FOUND");
  expect((await emit(jobs, "call")).error?.code).toBe("NOT_FOUND");
  expect((await emit(jobs, "call", "jobs.cancel", {})).error?.code).toBe("FORBIDDEN");
  const moderator = await join("/jobs", tokenOf("mod", "moderator"));
  expect((await emit(moderator, "call", "jobs.cancel", {})).error).toBeNull();
});

test("H3: parameters are checked before the action runs", async () => {
  const given: unknown[] = [];
  gateway = await startNamespaceGateway({ "jobs.report": ({ params }) => given.push(params) });
  const jobs = await join("/jobs", tokenOf("ann"));
  const nested = JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) as object;
  const wrong: readonly unknown[] = [
    ...[{}, { id: "a" }, { id: "a", percent: 101 }, { id: "a", percent: "1" }, { id: "", percent: 1 }],
    ...[null, "text", 5, [], [{ id: "a", percent: 1 }]],
    ...[{ id: "a", percent: 1, more: true }, JSON.parse('{"id":"a","percent":1,"__proto__":{"x":1}}')],
    ...[
      { id: Buffer.from("a"), percent: 1 },
      { id: { toString: "a" }, percent: 1 },
    ],
  ];
  for (const params of wrong) expect((await emit(jobs, "call", "jobs.report", params)).error?.code).toBe("VALIDATION");
  expect((await emit(jobs, "call", "jobs.report", nested)).error?.code).toBe("TOO_DEEP");
  expect((await emit(jobs, "call", "jobs.report", { id: "", percent: 1 })).error?.field).toBe("id");
  expect(given).toEqual([]);
  expect((await emit(jobs, "call", "jobs.report", { id: "a", percent: 1 }, "extra", { more: 1 })).error).toBeNull();
  expect(given).toEqual([{ id: "a", percent: 1 }]);
});

test("H3: a handler that throws, in whichever way, ends nothing but its call", async () => {
  let thrown: unknown;
  let answer: unknown;
  gateway = await startNamespaceGateway({
    "jobs.fail": () => {
      if (answer !== undefined) return answer;
      throw thrown;
    },
    "jobs.whoami": async () => {
      throw new Error("connect ECONNREFUSED db.internal:5432 password=hunter2");
    },
  });
  const jobs = await join("/jobs", tokenOf("ann"));
  const errors = [
    ...[null, undefined, 0, "text", circular, new Error("secret"), Object.assign(new Error("b"), { data: 1n })],
    ...[Object.assign(new Error("c"), { data: circular, code: 422, type: "X" }), { name: "ClientError", type: "X" }],
  ];
  for (const one of errors) {
    thrown = one;
    expect((await emit(jobs, "call", "jobs.fail", {})).error).toEqual({
      ...{ code: "INTERNAL", message: "Something went wrong." },
    });
    jobs.emit("call", "jobs.fail", {}); // without a response
  }
  for (const one of [1n, circular, { value: 1n }]) {
    answer = one;
    expect((await emit(jobs, "call", "jobs.fail", {})).error?.code).toBe("INTERNAL");
  }
  expect((await emit(jobs, "call", "jobs.whoami", {})).error).toEqual({
    ...{ code: "INTERNAL", message: "Something went wrong." },
  });
  expect((await gateway.request("GET", "/api/openapi.json")).status).toBe(200);
  // moleculer-io would write each with its stack; ours are counted and summed up
  expect(gateway.log.filter(({ msg }) => String(msg).includes("Request error"))).toEqual([]);
  expect(gateway.log.filter(({ msg }) => msg === "call failed").length).toBeGreaterThan(0);
});

test("H3: a handler that never acknowledges gets an end, and its socket goes on", async () => {
  gateway = await startNamespaceGateway({ "jobs.fail": never }, { times: { callMs: 150 } });
  const jobs = await join("/jobs", tokenOf("ann"));
  const late = emit(jobs, "call", "jobs.fail", {});
  expect((await emit(jobs, "call", "jobs.whoami", {})).result).toEqual({ user: "ann" });
  expect((await late).error).toMatchObject({ code: "UNAVAILABLE", retryAfter: 1 });
  expect((await emit(jobs, "call", "jobs.whoami", {})).result).toEqual({ user: "ann" });
});

test("an action cannot change who its socket is", async () => {
  gateway = await startNamespaceGateway({
    "jobs.report": (ctx) => {
      Object.assign(ctx.meta, { user: { id: "admin", roles: ["user", "moderator", "admin"], sid: "x" } });
      return {};
    },
  });
  const jobs = await join("/jobs", tokenOf("ann"));
  expect((await emit(jobs, "call", "jobs.report", { id: "a", percent: 1 })).error).toBeNull();
  expect((await emit(jobs, "call", "jobs.whoami", {})).result).toEqual({ user: "ann" });
  expect((await emit(jobs, "call", "jobs.cancel", {})).error?.code).toBe("FORBIDDEN");
});

test("H3: a socket has few calls under way", async () => {
  const caps = { ...CAPS, namespaces: { ...CAPS.namespaces, calls: 2 } };
  const held = Promise.withResolvers<object>();
  gateway = await startNamespaceGateway({ "jobs.fail": () => held.promise }, { caps });
  const jobs = await join("/jobs", tokenOf("ann"));
  const running = [1, 2].map(() => emit(jobs, "call", "jobs.fail", {}));
  expect((await emit(jobs, "call", "jobs.whoami", {})).error?.code).toBe("RATE_LIMITED");
  held.resolve({});
  for (const { error } of await Promise.all(running)) expect(error).toBeNull();
  expect((await emit(jobs, "call", "jobs.whoami", {})).error).toBeNull();
});

test("H3: rate classes count by user and by address, also where no user is known", async () => {
  gateway = await startNamespaceGateway({}, { limits: { ...NO_LIMITS, write: { requests: 2, seconds: 60 } } });
  const one = await join("/jobs", tokenOf("ann"));
  const other = await join("/jobs", tokenOf("ann"));
  for (const socket of [one, other]) expect((await emit(socket, "call", "jobs.whoami", {})).error).toBeNull();
  expect((await emit(one, "call", "jobs.whoami", {})).error).toMatchObject({ code: "RATE_LIMITED" });
  const [a, b] = [await join("/open"), await join("/open")];
  for (const socket of [a, b]) expect((await emit(socket, "call", "open.whoami", {})).error).toBeNull();
  expect((await emit(a, "call", "open.whoami", {})).error).toMatchObject({ code: "RATE_LIMITED" });
});

test("H3: packets and refused events of a namespace count as everywhere", async () => {
  gateway = await startNamespaceGateway({}, { limits: { ...NO_LIMITS, packet: { requests: 20, seconds: 60 } } });
  const talker = await join("/jobs", tokenOf("ann"));
  const cut = disconnected(talker);
  for (let sent = 0; sent < 20; sent += 1) talker.emit("call", "jobs.whoami", {});
  await cut;
  await gateway.stop();
  gateway = await startNamespaceGateway({}, { limits: { ...NO_LIMITS, refusal: { requests: 5, seconds: 60 } } });
  const guesser = await join("/jobs", tokenOf("ann"));
  const over = disconnected(guesser);
  for (let sent = 0; sent < 6; sent += 1) guesser.emit("call", "jobs.nothing", {});
  await over;
});

test("H3: a call that is under way is responded to before its node stops, and its client is told to reconnect", async () => {
  const held = Promise.withResolvers<object>();
  gateway = await startNamespaceGateway({ "jobs.fail": () => held.promise });
  const jobs = await join("/jobs", tokenOf("ann"));
  const idle = await join("/open");
  const told = [jobs, idle].map((socket) => new Promise((resolve) => socket.once("drain", resolve)));
  const gone = [jobs, idle].map(disconnected);
  const running = emit(jobs, "call", "jobs.fail", {});
  await emit(jobs, "call", "jobs.whoami", {});
  const stopped = gateway.gateway.drain();
  expect(await Promise.all(told)).toEqual([{ retryAfter: 0 }, { retryAfter: 0 }]);
  expect((await emit(jobs, "call", "jobs.whoami", {})).error?.code).toBe("UNAVAILABLE");
  held.resolve({ done: true });
  expect((await running).result).toEqual({ done: true });
  await Promise.all([...gone, stopped]);
});

test("H3: a client that does not read what a namespace sends it is disconnected", async () => {
  gateway = await startNamespaceGateway();
  const { connection } = await handshake(gateway.port, "192.0.2.1");
  let text = "";
  connection.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  connection.write(frame(TEXT, "40/open,"));
  while (!text.includes("40/open,{")) await once(connection, "data");
  connection.pause();
  const payload = { text: "x".repeat(64 * 1024) };
  for (let sent = 0; gateway.gateway.sockets > 0 && sent < 1_000; sent += 1) {
    await gateway.broker.broadcastLocal("namespaces.emit", { namespace: "/open", event: "news", payload });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(gateway.gateway.sockets).toBe(0);
  expect(gateway.gateway.caps.find(({ cap }) => cap === "unsent_bytes")?.refused).toBe(1);
  connection.destroy();
});

test("moleculer-io 2.2: the handler of the event call gets the action, its parameters and the response", async () => {
  expect(installedVersion("moleculer-io")).toMatch(/^2\.2\./);
  gateway = await startNamespaceGateway();
  const jobs = await join("/jobs", tokenOf("ann"));
  // another order of its arguments, or a response in another form, would come back as an error
  expect(await emit(jobs, "call", "jobs.report", { id: "a", percent: 7 })).toEqual({
    error: null,
    result: { percent: 7 },
  });
});
