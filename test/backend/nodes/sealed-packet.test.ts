import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  ANY_INSTANCE,
  newInstance,
  openPacket,
  type PacketHeader,
  packetKey,
  sealPacket,
} from "../../../backend/nodes/sealed-packet.ts";

const ours = packetKey("the secret of this site, 32 bytes");
const former = packetKey("the secret of last year, 32 bytes");
const foreign = packetKey("the secret of some other site, 32");
const header: PacketHeader = {
  sentAt: 1_790_000_000_000,
  counter: 7,
  ordinal: 3,
  sender: "node-1",
  instance: newInstance(1_789_000_000_000),
  target: "node-2",
  targetInstance: newInstance(1_789_000_000_001),
};
const payload = Buffer.from('{"action":"auth.verifyToken"}');

test("what was sealed is opened again, with any of the keys", () => {
  for (const key of [ours, former]) {
    const sealed = sealPacket(key, "REQ", header, payload);
    expect(openPacket([ours, former], "REQ", sealed)).toEqual({ header, payload });
  }
});

test("any header and payload survive", () => {
  const name = fc.string({ unit: "binary", maxLength: 60 });
  const number = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(name, name, number, number, number, bytes, (sender, target, sentAt, counter, ordinal, body) => {
      const any = { ...header, sender, target, sentAt, counter, ordinal, targetInstance: ANY_INSTANCE };
      const sealed = sealPacket(ours, "EVENT", any, Buffer.from(body));
      expect(openPacket([ours], "EVENT", sealed)).toEqual({ header: any, payload: Buffer.from(body) });
    }),
  );
});

test("S7: a packet that another key has sealed is not opened", () => {
  expect(openPacket([ours, former], "REQ", sealPacket(foreign, "REQ", header, payload))).toBeUndefined();
});

test("S7: a change of any bit, a missing or an additional byte, and another type are noticed", () => {
  const sealed = sealPacket(ours, "REQ", header, payload);
  for (let at = 0; at < sealed.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      expect([at, bit, openPacket([ours], "REQ", changed)]).toEqual([at, bit, undefined]);
    }
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(openPacket([ours], "REQ", sealed.subarray(0, length))).toBeUndefined();
  }
  expect(openPacket([ours], "REQ", Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined();
  expect(openPacket([ours], "RES", sealed)).toBeUndefined();
});

test("an instance that starts later is greater", () => {
  const times = [0, 1, 255, 256, 1_790_000_000_000, 1_790_000_000_001, 2 ** 47];
  const instances = times.map(newInstance);
  expect([...instances].sort()).toEqual(instances);
  expect(new Set(times.map(() => newInstance(1))).size).toBe(times.length);
});
