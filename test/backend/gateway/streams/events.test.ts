import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterEach, expect, jest, test } from "@jest/globals";
import { announce } from "../../../../backend/contract/index.ts";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { EventEncoder, encodeServerSentEvent } from "../../../../backend/gateway/streams/event-encoder.ts";
import { object, unbounded } from "../../../../backend/surface/grammar.ts";
import { bytes, events } from "../../../../backend/surface/stream-grammar.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { headOf, openConnection, type StreamCase, startStreamGateway } from "./stream-gateway.ts";

let gateway: TestGateway | undefined;
afterEach(async () => {
  jest.useRealTimers();
  await gateway?.stop();
  gateway = undefined;
});

const returns = events({ tick: object({ n: unbounded.integer() }) });
const tick = (n: number, id?: string) => ({ event: "tick", data: { n }, ...(id && { id }) });

/** An entry whose action gives out this stream. */
function source(): { stream: PassThrough; case: StreamCase } {
  const stream = new PassThrough({ objectMode: true });
  return { stream, case: { returns, run: () => stream } };
}

test("events arrive as the standard writes them, while they are made", async () => {
  const { stream, case: ticks } = source();
  gateway = await startStreamGateway({ ticks });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  // the head comes before the first event
  const head = await connection.until((text) => text.includes("retry: 2000\n\n"));
  expect(head).toMatch(/^HTTP\/1.1 200 /);
  expect(head).toContain("content-type: text/event-stream\r\n");
  expect(head).toContain("cache-control: no-store, no-transform\r\n");
  stream.write(tick(1, "a"));
  await connection.until((text) => text.includes('id: a\nevent: tick\ndata: {"n":1}\n\n'));
  stream.end(tick(2));
  const text = await connection.until((got) => got.endsWith("0\r\n\r\n"));
  expect(text).toContain('event: tick\ndata: {"n":2}\n\n');
  connection.socket.destroy();
});

test("the action learns which event the client has seen last, and nothing that is no id", async () => {
  const seen: unknown[] = [];
  gateway = await startStreamGateway({
    ticks: {
      returns,
      run(ctx) {
        seen.push(ctx.meta.lastEventId);
        return Readable.from([tick(1)]);
      },
    },
    file: {
      returns: bytes({ types: ["application/octet-stream"] }),
      run(ctx) {
        seen.push(ctx.meta.lastEventId);
        return Buffer.from("x");
      },
    },
  });
  const token = tokenOf("ann");
  await gateway.request("GET", "/api/ticks", { token, headers: { "last-event-id": "a-7" } });
  await gateway.request("GET", "/api/ticks", { token, headers: { "last-event-id": "a 7" } });
  await gateway.request("GET", "/api/ticks", { token, headers: { "last-event-id": "a".repeat(129) } });
  await gateway.request("GET", "/api/file", { token, headers: { "last-event-id": "a-7" } });
  expect(seen).toEqual(["a-7", undefined, undefined, undefined]);
});

test("N2: server-sent events of a node that must not serve end in order, and close their connection", async () => {
  const { stream, case: ticks } = source();
  gateway = await startStreamGateway({ ticks });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  await connection.until((text) => text.includes("retry"));
  gateway.gateway.release();
  expect((await connection.closed).endsWith("0\r\n\r\n")).toBe(true);
  expect(stream.destroyed).toBe(true);
});

let stopping: Promise<void> | undefined;
test.each<[string, (of: TestGateway) => unknown]>([
  ["its user's roles have changed", ({ broker }) => announce(broker, "user.changed", { id: "ann", at: 1 })],
  [
    "its node stops",
    (of) => {
      stopping = of.stop();
    },
  ],
  ["its node must not serve", ({ gateway: of }) => of.release()],
])("server-sent events that begin after %s end at once, and their client comes back", async (_, happen) => {
  const { stream, case: ticks } = source();
  const [asked, returns] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = async () => {
    asked.resolve();
    await returns.promise;
    return stream;
  };
  const running = await startStreamGateway({ ticks: { ...ticks, run } });
  gateway = running;
  const connection = openConnection(running.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  await asked.promise;
  await happen(running);
  returns.resolve();
  const text = await connection.until((got) => got.endsWith("0\r\n\r\n"));
  expect(text).toContain("retry: 2000\n\n");
  expect(stream.destroyed).toBe(true);
  connection.socket.destroy();
  if (stopping) gateway = undefined;
  await stopping;
  stopping = undefined;
});

test("an event that the entry does not declare ends the connection", async () => {
  const { stream, case: ticks } = source();
  gateway = await startStreamGateway({ ticks });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  await connection.until((text) => text.includes("retry"));
  stream.write({ event: "secret", data: 1 });
  expect(await connection.closed).not.toContain("secret");
  expect(stream.destroyed).toBe(true);
});

test.each([
  ["its session", "session.ended", { sid: "s-ann" }],
  ["the roles of its user", "user.changed", { id: "ann", at: 1 }],
  ["all knowledge of sessions", "sessions.unreadable", {}],
])("events end in order with %s", async (_what, event, payload) => {
  const { stream, case: ticks } = source();
  gateway = await startStreamGateway({ ticks });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  await connection.until((text) => text.includes("retry"));
  await gateway.broker.broadcastLocal(event, payload);
  await connection.until((text) => text.endsWith("0\r\n\r\n"));
  expect(stream.destroyed).toBe(true);
  connection.socket.destroy();
});

test("events of another session go on", async () => {
  const { stream, case: ticks } = source();
  gateway = await startStreamGateway({ ticks });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  await connection.until((text) => text.includes("retry"));
  await gateway.broker.broadcastLocal("session.ended", { sid: "s-ben" });
  stream.write(tick(1));
  await connection.until((text) => text.includes('{"n":1}'));
  connection.socket.destroy();
});

test("events end with the token that they were asked for with", async () => {
  const { case: ticks } = source();
  gateway = await startStreamGateway({ ticks });
  const answer = await gateway.request("GET", "/api/ticks", { token: tokenOf("ann", "user", 0.3) });
  expect([answer.status, answer.text]).toEqual([200, "retry: 2000\n\n"]);
});

test.each([
  ["its session ends", "session.ended", { sid: "s-ann" }],
  ["the roles of its user change", "user.changed", { id: "ann", at: 1 }],
])("a body that is on its way when %s is refused", async (_what, event, payload) => {
  let runs = 0;
  gateway = await startStreamGateway({
    put: {
      body: bytes({ types: ["text/plain"] }),
      returns: object({ n: unbounded.integer() }),
      run: () => ({ n: ++runs }),
    },
  });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("POST", "/api/put", { "content-type": "text/plain", "content-length": 2 }));
  connection.socket.write("a");
  // counted before its first byte is read
  while (gateway.gateway.caps.find(({ cap }) => cap === "request_bodies")?.used !== 1)
    await new Promise((resolve) => setImmediate(resolve));
  await gateway.broker.broadcastLocal(event, payload);
  connection.socket.write("b");
  expect(await connection.until((text) => text.includes("}}"))).toMatch(/^HTTP\/1.1 401 /);
  expect(runs).toBe(0);
  connection.socket.destroy();
});

test("a response that has not begun when its session ends is refused, and its later bytes are dropped", async () => {
  const source = new PassThrough();
  let isCalled: (() => void) | undefined;
  const called = new Promise<void>((resolve) => {
    isCalled = resolve;
  });
  gateway = await startStreamGateway({
    file: {
      returns: bytes({ types: ["application/octet-stream"] }),
      run() {
        isCalled?.();
        return source;
      },
    },
    other: { returns: bytes({ types: ["application/octet-stream"] }), run: () => Buffer.from("still there") },
  });
  const asked = gateway.request("GET", "/api/file", { token: tokenOf("ann") });
  await called;
  // moleculer-web has the stream by then
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  source.on("error", () => undefined);
  const ended = gateway.broker.broadcastLocal("session.ended", { sid: "s-ann" });
  source.write("late");
  await ended;
  expect((await asked).status).toBe(401);
  source.write("later");
  expect((await gateway.request("GET", "/api/other", { token: tokenOf("ben") })).text).toBe("still there");
});

test("a gateway that stops ends events in order and finishes what is under way", async () => {
  const { case: ticks } = source();
  const file = new PassThrough();
  const started = await startStreamGateway({
    ticks,
    file: { returns: bytes({ types: ["application/octet-stream"] }), run: () => file },
  });
  const [listening, loading] = [openConnection(started.port), openConnection(started.port)];
  listening.socket.write(headOf("GET", "/api/ticks"));
  loading.socket.write(headOf("GET", "/api/file"));
  file.write("first");
  await listening.until((text) => text.includes("retry"));
  await loading.until((text) => text.includes("first"));
  const stopped = started.stop();
  expect((await listening.closed).endsWith("0\r\n\r\n")).toBe(true);
  file.end("last");
  expect((await loading.closed).endsWith("last\r\n0\r\n\r\n")).toBe(true);
  await stopped;
});

test("events take a slot before their action runs", async () => {
  let runs = 0;
  const run = () => {
    runs += 1;
    return new PassThrough({ objectMode: true });
  };
  const caps = { ...CAPS, streams: { user: 1, address: 2, node: 3 } };
  gateway = await startStreamGateway({ ticks: { returns, run } }, { caps });
  const connection = openConnection(gateway.port);
  connection.socket.write(headOf("GET", "/api/ticks"));
  await connection.until((text) => text.includes("retry"));
  expect((await gateway.request("GET", "/api/ticks", { token: tokenOf("ann") })).status).toBe(429);
  const other = openConnection(gateway.port);
  other.socket.write(headOf("GET", "/api/ticks", { authorization: `Bearer ${tokenOf("ben")}` }));
  await other.until((text) => text.includes("retry"));
  expect((await gateway.request("GET", "/api/ticks", { token: tokenOf("cat") })).status).toBe(429);
  expect(runs).toBe(2);
  connection.socket.destroy();
  other.socket.destroy();
});

test("a heartbeat comes when nothing else does, and only to a client that reads", async () => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
  const encoder = new EventEncoder(["tick"], 1_000);
  expect(String(encoder.read())).toBe("retry: 2000\n\n");
  encoder.write(tick(1));
  await new Promise((resolve) => setImmediate(resolve));
  encoder.read();
  jest.advanceTimersByTime(999);
  expect(encoder.read()).toBeNull();
  jest.advanceTimersByTime(1);
  jest.advanceTimersByTime(1_000_000);
  expect(String(encoder.read())).toBe(": \n\n");
  encoder.end();
  await once(encoder.resume(), "end");
  expect(jest.getTimerCount()).toBe(0);
});

test.each([
  ["a name that is not declared", { event: "other" }],
  ["no name", { data: 1 }],
  ["a line break in the id", { event: "tick", id: "a\nevent: x" }],
  ["an id that is no text", { event: "tick", id: 7 }],
  ["more data than an event may have", { event: "tick", data: "x".repeat(70_000) }],
])("an event with %s is a mistake", (_what, event) => {
  expect(() => encodeServerSentEvent(event, new Set(["tick"]))).toThrow();
});

test("whatever is in an event, a client reads the same", () => {
  // what separates lines in the format or in JSON, and what begins a field
  const parts = ["\n", "\r", "\r\n", "\u2028", "data: x", "\n\nevent: y", ":", "\0", "\u{1f600}", '"', "\\", " ", "id"];
  let seed = 7;
  const pick = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 2_000; round++) {
    const data = Array.from({ length: pick(6) }, () => parts[pick(parts.length)] ?? "").join("");
    const text = encodeServerSentEvent({ event: "tick", data, id: `i${round}` }, new Set(["tick"]));
    expect(parseEvents(text)).toEqual([{ event: "tick", data: JSON.stringify(data), id: `i${round}` }]);
  }
});

/** The parser of HTML Living Standard 9.2.6. */
function parseEvents(stream: string): { event: string; data: string; id: string }[] {
  const found: { event: string; data: string; id: string }[] = [];
  let now = { event: "message", data: "", id: "" };
  for (const line of stream.split(/\r\n|\r|\n/)) {
    if (line === "") {
      if (now.data !== "") found.push({ ...now, data: now.data.replace(/\n$/, "") });
      now = { event: "message", data: "", id: "" };
      continue;
    }
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") now.event = value;
    if (field === "data") now.data += `${value}\n`;
    if (field === "id") now.id = value;
  }
  return found;
}
