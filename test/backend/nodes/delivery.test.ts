import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Delivery, deliveryBytes, readDeliveries, writeDelivery } from "../../../backend/nodes/delivery.ts";

/** Cases in each property; `npm run fuzz` sets more. */
const RUNS = Number(process.env.CAUSEWAY_FUZZ_CASES ?? 200);

const name = fc.string({ unit: "grapheme", maxLength: 64 });
const delivery: fc.Arbitrary<Delivery> = fc.record({
  kind: fc.constantFrom("event" as const, "entry" as const, "change" as const, "left" as const),
  channel: fc.option(name, { nil: undefined }),
  users: fc.option(fc.array(name, { maxLength: 5 }), { nil: undefined }),
  except: fc.option(name, { nil: undefined }),
  epoch: name,
  position: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  text: fc.uint8Array({ maxLength: 300 }),
});

function written(deliveries: readonly Delivery[]): Buffer {
  const bytes = Buffer.alloc(deliveries.reduce((sum, one) => sum + deliveryBytes(one), 0));
  let at = 0;
  for (const one of deliveries) at = writeDelivery(bytes, at, one);
  expect(at).toBe(bytes.length);
  return bytes;
}

function read(bytes: Buffer, wants: (channel: string) => boolean = () => true) {
  const deliveries: Delivery[] = [];
  const take = (one: Delivery) => void deliveries.push({ ...one, text: Uint8Array.from(one.text) });
  return { isWhole: readDeliveries(bytes, wants, take), deliveries };
}

test("N5: deliveries are read as they were written", () => {
  fc.assert(
    fc.property(fc.array(delivery, { maxLength: 4 }), (deliveries) => {
      expect(read(written(deliveries))).toEqual({ isWhole: true, deliveries });
    }),
    { numRuns: RUNS },
  );
});

test("N5: of deliveries to one channel, those to channels that the node does not want are skipped", () => {
  const to = (channel: string | undefined, users?: string[]): Delivery => ({
    ...{ kind: "entry", channel, users, except: undefined, epoch: "e", position: 7, text: Uint8Array.of(1) },
  });
  const deliveries = [to("garden"), to("shed"), to("shed", ["ada"]), to(undefined), to("garden")];
  const { deliveries: taken } = read(written(deliveries), (channel) => channel === "garden");
  expect(taken).toEqual([to("garden"), to("shed", ["ada"]), to(undefined), to("garden")]);
});

test("N5: no bytes make the reader throw, read beyond them or take half a delivery", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((some) => Buffer.from(some)),
    fc
      .tuple(fc.array(delivery, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255))
      .map(([deliveries, at, value]) => {
        const changed = written(deliveries);
        changed[at % changed.length] = value;
        return changed;
      }),
    fc.tuple(delivery, fc.nat()).map(([one, at]) => {
      const whole = written([one]);
      return whole.subarray(0, at % whole.length);
    }),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      // what follows in the same memory is not part of the packet
      const around = Buffer.concat([some, Buffer.alloc(500, 0xff)]);
      const { isWhole, deliveries } = read(around.subarray(0, some.length));
      const sizes = deliveries.reduce((sum, { text }) => sum + text.length, 0);
      expect(sizes).toBeLessThanOrEqual(some.length);
      if (isWhole && deliveries.length === 0) expect(some.length).toBe(0);
    }),
    { numRuns: RUNS * 5 },
  );
});

test("N5: a delivery that ends early, or has bytes too many, is malformed; what came before it is taken", () => {
  const one: Delivery = {
    ...{ kind: "event", channel: "garden", users: undefined, except: undefined, epoch: "", position: 0 },
    text: Buffer.from('42["typing",{}]'),
  };
  const bytes = written([one, one]);
  const half = bytes.length / 2;
  for (const end of [half + 1, half + 5, bytes.length - 1]) {
    const { isWhole, deliveries } = read(bytes.subarray(0, end));
    expect([isWhole, deliveries.length]).toEqual([false, 1]);
  }
  bytes.writeUInt32BE(half - 4 - 1, half);
  expect(read(bytes)).toMatchObject({ isWhole: false, deliveries: [expect.anything()] });
});

test("N5: a text that goes beyond its delivery is malformed, also where the delivery would be skipped", () => {
  const one: Delivery = {
    ...{ kind: "event", channel: "garden", users: undefined, except: undefined, epoch: "", position: 0 },
    text: Buffer.from("x"),
  };
  const bytes = written([one, one]);
  bytes.writeUInt16BE(bytes.length / 2, 12); // the length of the first one's channel
  for (const wanted of [true, false]) expect(read(bytes, () => wanted)).toEqual({ isWhole: false, deliveries: [] });
});
