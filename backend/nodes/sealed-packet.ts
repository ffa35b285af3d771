import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { VERSION } from "./version.ts";

/*
 * The format of Moleculer's packets between nodes: a header, an HMAC-SHA256 (RFC 2104) and the payload as Moleculer
 * wrote it. The HMAC covers the packet's type, the whole header and the payload. Nothing is encrypted: TLS to NATS does
 * that.
 */

/** Everything in a packet but its payload. All of it is authenticated. */
export interface PacketHeader {
  /** Milliseconds since 1970, by the clock that all nodes share. */
  readonly sentAt: number;
  /** Number of the packet among all that this instance has sent, from 1. */
  readonly counter: number;
  /**
   * Number of the packet among those that this instance has sent to the receiver's instance, from 1: a gap shows that
   * packets were lost. 0 for a packet to every node.
   */
  readonly ordinal: number;
  /** Node id of the sender. */
  readonly sender: string;
  /** Id of the sender's instance. Each start of a process is an instance. */
  readonly instance: string;
  /** Node id of the receiver; empty for a packet to every node. */
  readonly target: string;
  /** The receiver's instance; `ANY_INSTANCE` for a packet to every node. */
  readonly targetInstance: string;
}

/** Bytes of an instance id: 6 of its start time, then 10 random ones. Ids of later starts are greater as strings. */
export const INSTANCE_BYTES = 16;
export const TIME_BYTES = 6;
/** The target instance of packets that have no single target. */
export const ANY_INSTANCE = "\0".repeat(INSTANCE_BYTES);

/** The id of an instance that starts now, one character for each byte. */
export function newInstance(now: number): string {
  const id = Buffer.concat([Buffer.alloc(TIME_BYTES), randomBytes(INSTANCE_BYTES - TIME_BYTES)]);
  id.writeUIntBE(now, 0, TIME_BYTES);
  return id.toString("latin1");
}

/** A key for the HMAC, from a secret of at least 32 bytes. */
export function packetKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret, "utf8"));
}

/** Offsets in bytes. The two names follow the fixed part, then the HMAC, then the payload. */
const OFFSETS = {
  ...{ version: 0, sentAt: 1, counter: 7, ordinal: 13, instance: 19, targetInstance: 35 },
  ...{ senderLength: 51, targetLength: 52 },
};
const FIXED_BYTES = 53;
const MAC_BYTES = 32;
const MAX_NAME_BYTES = 255;

/** The packet as bytes. */
export function sealPacket(key: KeyObject, type: string, header: PacketHeader, payload: Buffer): Buffer {
  const senderBytes = bytesOfName(header.sender);
  const targetBytes = bytesOfName(header.target);
  const macAt = FIXED_BYTES + senderBytes + targetBytes;
  const sealed = Buffer.allocUnsafe(macAt + MAC_BYTES + payload.length);
  sealed[OFFSETS.version] = VERSION;
  sealed.writeUIntBE(header.sentAt, OFFSETS.sentAt, TIME_BYTES);
  sealed.writeUIntBE(header.counter, OFFSETS.counter, TIME_BYTES);
  sealed.writeUIntBE(header.ordinal, OFFSETS.ordinal, TIME_BYTES);
  sealed.write(header.instance, OFFSETS.instance, INSTANCE_BYTES, "latin1");
  sealed.write(header.targetInstance, OFFSETS.targetInstance, INSTANCE_BYTES, "latin1");
  sealed[OFFSETS.senderLength] = senderBytes;
  sealed[OFFSETS.targetLength] = targetBytes;
  sealed.write(header.sender, FIXED_BYTES);
  sealed.write(header.target, FIXED_BYTES + senderBytes);
  payload.copy(sealed, macAt + MAC_BYTES);
  macOf(key, type, sealed, macAt).copy(sealed, macAt);
  return sealed;
}

/** Header and payload of a packet that one of the keys has sealed as this type; undefined for any other bytes. */
export function openPacket(
  keys: readonly KeyObject[],
  type: string,
  sealed: Buffer,
): { readonly header: PacketHeader; readonly payload: Buffer } | undefined {
  if (sealed.length < FIXED_BYTES + MAC_BYTES || sealed[OFFSETS.version] !== VERSION) return undefined;
  const targetAt = FIXED_BYTES + (sealed[OFFSETS.senderLength] ?? 0);
  const macAt = targetAt + (sealed[OFFSETS.targetLength] ?? 0);
  const payloadAt = macAt + MAC_BYTES;
  if (sealed.length < payloadAt) return undefined;
  const mac = sealed.subarray(macAt, payloadAt);
  if (!keys.some((key) => timingSafeEqual(macOf(key, type, sealed, macAt), mac))) return undefined;
  const header = {
    sentAt: sealed.readUIntBE(OFFSETS.sentAt, TIME_BYTES),
    counter: sealed.readUIntBE(OFFSETS.counter, TIME_BYTES),
    ordinal: sealed.readUIntBE(OFFSETS.ordinal, TIME_BYTES),
    sender: sealed.toString("utf8", FIXED_BYTES, targetAt),
    instance: sealed.toString("latin1", OFFSETS.instance, OFFSETS.instance + INSTANCE_BYTES),
    target: sealed.toString("utf8", targetAt, macAt),
    targetInstance: sealed.toString("latin1", OFFSETS.targetInstance, OFFSETS.targetInstance + INSTANCE_BYTES),
  };
  return { header, payload: sealed.subarray(payloadAt) };
}

/** The HMAC over the type, everything before `macAt` and everything after the HMAC. */
function macOf(key: KeyObject, type: string, sealed: Buffer, macAt: number): Buffer {
  return createHmac("sha256", key)
    .update(`causeway packet ${VERSION} ${type}\0`)
    .update(sealed.subarray(0, macAt))
    .update(sealed.subarray(macAt + MAC_BYTES))
    .digest();
}

function bytesOfName(name: string): number {
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) throw new Error(`invariant: a node id has at most ${MAX_NAME_BYTES} bytes: ${name}`);
  return bytes;
}
