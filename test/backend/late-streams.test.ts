import { once } from "node:events";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { pino } from "pino";
import { createBroker } from "../../backend/broker.ts";

let broker: ServiceBroker;
let stream: Readable;
/** Resolves when the action may return. */
let mayReturn: PromiseWithResolvers<void>;
beforeEach(async () => {
  broker = createBroker({ nats: undefined, nodeId: undefined }, pino({ enabled: false }));
  mayReturn = Promise.withResolvers();
  stream = Readable.from(["all"], { objectMode: false });
  broker.createService({
    name: "files",
    actions: {
      read: {
        auth: "public",
        streams: true,
        async handler() {
          await mayReturn.promise;
          return stream;
        },
      },
    },
  });
  await broker.start();
});
afterEach(() => broker.stop());

test("N11: the stream of an action that returns after its call has timed out is closed: an export gives its lease back", async () => {
  const call = broker.call("files.read", {}, { timeout: 20 });
  await expect(call).rejects.toMatchObject({ type: "REQUEST_TIMEOUT" });
  const closed = once(stream, "close");
  mayReturn.resolve();
  await closed;
  expect(stream.readableDidRead).toBe(false);
});

test("a stream that is returned in time is read to its end", async () => {
  mayReturn.resolve();
  const answer = await broker.call<Readable, object>("files.read", {}, { timeout: 10_000 });
  expect((await answer.toArray()).join("")).toBe("all");
});
