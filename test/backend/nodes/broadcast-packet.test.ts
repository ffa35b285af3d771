import { createHash, type KeyObject } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type BroadcastHeader,
  broadcastKey,
  HEADER_BYTES,
  MAC_BYTES,
  openBroadcast,
  sealBroadcast,
} from "../../../backend/nodes/broadcast-packet.ts";
import { ANY_INSTANCE, newInstance, openPacket, packetKey, sealPacket } from "../../../backend/nodes/sealed-packet.ts";
import { SHARDS, shardOf } from "../../../backend/nodes/subjects.ts";
import { VERSION } from "../../../backend/nodes/version.ts";

const SECRET = "the secret of this site, 32 bytes";
const [ours, former] = [broadcastKey(SECRET), broadcastKey("the secret of last year, 32 bytes")];
const foreign = broadcastKey("the secret of some other site, 32");
const header: BroadcastHeader = {
  ...{ sentAt: 1_790_000_000_000, counter: 2 ** 40, ordinal: 3, subject: 777 },
  instance: newInstance(1_789_000_000_000),
};

function sealed(key: KeyObject, body = Buffer.from("body"), head = header): Buffer {
  const packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), body, Buffer.alloc(MAC_BYTES)]);
  sealBroadcast(key, head, packet);
  return packet;
}

test("N5: a broadcast that was sealed is opened again, with any of the keys", () => {
  for (const key of [ours, former]) {
    expect(openBroadcast([ours, former], sealed(key))).toEqual({ header, body: Buffer.from("body") });
    for (const length of [0, 16_000, 17_000, 200_000]) {
      const body = Buffer.alloc(length, "x");
      expect(openBroadcast([ours, former], sealed(key, body))?.body.equals(body)).toBe(true);
    }
  }
});

test("N5: a broadcast of which one bit differs is not opened, nor a shorter or longer one, nor any other bytes", () => {
  const packet = sealed(ours);
  for (let bit = 0; bit < packet.length * 8; bit += 1) {
    const changed = Buffer.from(packet);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect([bit, openBroadcast([ours, former], changed)]).toEqual([bit, undefined]);
  }
  for (let end = 0; end < packet.length; end += 1)
    expect(openBroadcast([ours], packet.subarray(0, end))).toBeUndefined();
  expect(openBroadcast([ours], Buffer.concat([packet, Buffer.alloc(1)]))).toBeUndefined();
  expect(openBroadcast([ours, former], sealed(foreign))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(openBroadcast([ours], Buffer.from(bytes))).toBeUndefined();
    }),
  );
});

test("N5: a broadcast carries an HMAC-SHA256 over header and body, with a key derived from the secret", () => {
  const sha256 = (...parts: readonly Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  /** RFC 2104, for a key of at most 64 bytes. */
  const hmac = (key: Uint8Array, text: Uint8Array) => {
    const pad = (byte: number) => Buffer.alloc(64, byte).map((value, at) => value ^ (key[at] ?? 0));
    return sha256(pad(0x5c), sha256(pad(0x36), text));
  };
  const key = hmac(Buffer.from(SECRET), Buffer.from(`causeway broadcast ${VERSION}`));
  const packet = sealed(ours);
  const macAt = packet.length - MAC_BYTES;
  expect(packet.subarray(macAt)).toEqual(hmac(key, packet.subarray(0, macAt)));
});

test("N5: the same secret makes different keys for broadcasts and for other packets between nodes", () => {
  const key = packetKey(SECRET);
  const asPacket = { ...header, sender: "one", target: "", targetInstance: ANY_INSTANCE };
  expect(openBroadcast([ours], sealPacket(key, "EVENT", asPacket, Buffer.from("body")))).toBeUndefined();
  for (const type of ["EVENT", "REQ", ""]) expect(openPacket([key], type, sealed(ours))).toBeUndefined();
});

test("N5: channels are spread evenly over the shards", () => {
  const shards = new Set<number>();
  for (let n = 0; n < SHARDS; n += 1) {
    const shard = shardOf(`channel-${n}`);
    expect(shard >= 0 && shard < SHARDS && Number.isInteger(shard)).toBe(true);
    shards.add(shard);
  }
  // by chance 1 - 1/e of them
  expect(shards.size / SHARDS).toBeGreaterThan(0.58);
});
