import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import { type ActionHandler, type Context, ServiceBroker, type ServiceSchema } from "moleculer";
import { StreamFlow, WINDOW_BYTES } from "../../../backend/nodes/stream-flow.ts";

const brokers: ServiceBroker[] = [];
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
});

interface Node {
  readonly broker: ServiceBroker;
  readonly flow: StreamFlow;
}

async function startNodes(
  run: (ctx: Context) => unknown,
  times: { aliveMs?: number; silenceMs?: number } = {},
): Promise<[caller: Node, owner: Node]> {
  const nodes = ["caller", "owner"].map((nodeID) => {
    const flow = new StreamFlow(times);
    const broker = new ServiceBroker({
      nodeID,
      namespace: "flow",
      transporter: "Fake",
      logger: false,
      middlewares: [flow.middleware],
      transit: { maxChunkSize: 32 * 1024 } as never,
    });
    broker.createService(flow.service);
    brokers.push(broker);
    return { broker, flow };
  });
  const [caller, owner] = nodes;
  if (!caller || !owner) throw new Error("two nodes");
  const action = { streams: true, handler: run as ActionHandler };
  owner.broker.createService({ name: "files", actions: { run: action } } as ServiceSchema);
  await Promise.all(nodes.map(({ broker }) => broker.start()));
  await caller.broker.waitForServices("files", 5_000, 10);
  return [caller, owner];
}

async function lengthOf(stream: AsyncIterable<Uint8Array | string>): Promise<number> {
  let length = 0;
  for await (const chunk of stream) length += chunk.length;
  return length;
}

/** A source that has more than anything lets through, and what was taken of it. */
function endless() {
  const taken = { bytes: 0 };
  const source = new Readable({
    read() {
      taken.bytes += 16 * 1024;
      this.push(Buffer.alloc(16 * 1024));
    },
  });
  return { source, taken };
}
/** Resolves when nothing has been taken for a while. */
async function settled(taken: { bytes: number }): Promise<number> {
  for (let before = -1, turns = 0; turns < 200; turns = before === taken.bytes ? turns + 1 : 0) {
    before = taken.bytes;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return taken.bytes;
}

test("a stream comes whole from another node, and goes whole to one", async () => {
  const [{ broker, flow }, owner] = await startNodes(async (ctx) => {
    if (!ctx.stream) return Readable.from([Buffer.alloc(3_000_000, 1)], { objectMode: false });
    return { length: await lengthOf(ctx.stream as unknown as AsyncIterable<Buffer>) };
  });
  expect(await lengthOf((await broker.call("files.run")) as Readable)).toBe(3_000_000);
  const stream = Readable.from([Buffer.alloc(1_000_000), Buffer.alloc(2_000_000)], { objectMode: false });
  expect(await broker.call("files.run", {}, { stream })).toEqual({ length: 3_000_000 });
  expect([flow.sending, owner.flow.sending]).toEqual([0, 0]);
});

test("objects come as they are, and bytes in one piece as a stream", async () => {
  const [{ broker }] = await startNodes((ctx) =>
    (ctx.params as { bytes?: boolean }).bytes
      ? Buffer.alloc(200_000, 7)
      : Readable.from([{ event: "a" }, { event: "b" }]),
  );
  const events: unknown[] = [];
  for await (const event of (await broker.call("files.run")) as Readable) events.push(event);
  expect(events).toEqual([{ event: "a" }, { event: "b" }]);
  expect(await lengthOf((await broker.call("files.run", { bytes: true })) as Readable)).toBe(200_000);
});

test("no more than a window is on its way to a reader that does not read", async () => {
  const { source, taken } = endless();
  const [{ broker }, owner] = await startNodes(() => source);
  const stream = (await broker.call("files.run")) as Readable;
  const first = await settled(taken);
  expect(first).toBeLessThan(2 * WINDOW_BYTES);
  // reading makes room
  let read = 0;
  for await (const chunk of stream) {
    read += chunk.length;
    if (read > 4 * WINDOW_BYTES) break;
  }
  expect(taken.bytes).toBeGreaterThan(4 * WINDOW_BYTES);
  // a reader that goes away closes the source on the other node
  if (!source.destroyed) await once(source, "close");
  expect(owner.flow.sending).toBe(0);
});

test("no more than a window is on its way to an action that does not read, and the response releases the body", async () => {
  const { source, taken } = endless();
  let answer: ((result: unknown) => void) | undefined;
  const [{ broker, flow }] = await startNodes(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  const called = broker.call("files.run", {}, { stream: source });
  expect(await settled(taken)).toBeLessThan(2 * WINDOW_BYTES);
  answer?.({ done: true });
  expect(await called).toEqual({ done: true });
  expect(flow.sending).toBe(0);
  source.destroy();
});

test("an error of the source ends the reader's stream, and one of the body the action's", async () => {
  const source = new PassThrough();
  const [{ broker }] = await startNodes(async (ctx) =>
    ctx.stream ? lengthOf(ctx.stream as unknown as AsyncIterable<Buffer>) : source,
  );
  const stream = (await broker.call("files.run")) as Readable;
  source.destroy(new Error("the disk is full"));
  await expect(lengthOf(stream)).rejects.toThrow("the disk is full");
  const body = new PassThrough();
  const called = broker.call("files.run", {}, { stream: body });
  body.write("abc");
  setImmediate(() => body.destroy(new Error("cut off")));
  await expect(called).rejects.toThrow("cut off");
});

test("the source is closed when the reader's node says nothing any more", async () => {
  const { source } = endless();
  const [{ broker }, owner] = await startNodes(() => source, { aliveMs: 1_000_000, silenceMs: 100 });
  const stream = (await broker.call("files.run")) as Readable;
  stream.on("error", () => undefined);
  await once(source, "close");
  expect(owner.flow.sending).toBe(0);
});

test("a stream on which nothing happens lives as long as its reader says so", async () => {
  const source = new PassThrough();
  const [{ broker }] = await startNodes(() => source, { aliveMs: 20, silenceMs: 1_500 });
  const stream = (await broker.call("files.run")) as Readable;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  source.end("late");
  expect(await lengthOf(stream)).toBe(4);
});
