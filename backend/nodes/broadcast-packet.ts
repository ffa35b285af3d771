import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { INSTANCE_BYTES, TIME_BYTES } from "./sealed-packet.ts";
import { VERSION } from "./version.ts";

/*
 * The format of a packet of broadcasts on a subject of NATS: a header, a body, and an HMAC-SHA256 (RFC 2104) over both.
 * Nothing is encrypted: TLS to NATS does that.
 */

/** Everything in a packet but its body. All of it is authenticated. */
export interface BroadcastHeader {
  /** Milliseconds since 1970, by the clock that all nodes share. */
  readonly sentAt: number;
  /** Number of the packet among all broadcasts of this instance, from 1. */
  readonly counter: number;
  /** Number of the packet among those of this instance on this subject, from 1; 0 on the subject of packet counts. */
  readonly ordinal: number;
  /** Number of the subject that the packet was sent on. */
  readonly subject: number;
  /** Id of the sender's instance. Each start of a process is an instance. */
  readonly instance: string;
}

/** Offsets in bytes. The body follows the header, then the HMAC. */
const OFFSETS = { version: 0, sentAt: 1, counter: 7, ordinal: 13, subject: 19, instance: 21 } as const;
const SUBJECT_BYTES = 2;
/** Bytes before the body. */
export const HEADER_BYTES = OFFSETS.instance + INSTANCE_BYTES;
/** Bytes after the body. */
export const MAC_BYTES = 32;

/** A key of broadcasts, derived from a secret, so that no broadcast is ever valid as another packet between nodes. */
export function broadcastKey(secret: string): KeyObject {
  return createSecretKey(createHmac("sha256", secret).update(`causeway broadcast ${VERSION}`).digest());
}

/** Writes header and HMAC into a packet that has its body: `HEADER_BYTES` come before it and `MAC_BYTES` after it. */
export function sealBroadcast(key: KeyObject, header: BroadcastHeader, packet: Buffer): void {
  packet[OFFSETS.version] = VERSION;
  packet.writeUIntBE(header.sentAt, OFFSETS.sentAt, TIME_BYTES);
  packet.writeUIntBE(header.counter, OFFSETS.counter, TIME_BYTES);
  packet.writeUIntBE(header.ordinal, OFFSETS.ordinal, TIME_BYTES);
  packet.writeUIntBE(header.subject, OFFSETS.subject, SUBJECT_BYTES);
  packet.write(header.instance, OFFSETS.instance, INSTANCE_BYTES, "latin1");
  const macAt = packet.length - MAC_BYTES;
  macOf(key, packet.subarray(0, macAt)).copy(packet, macAt);
}

/** Header and body of a packet that was sealed with one of the keys; undefined for any other bytes. */
export function openBroadcast(
  keys: readonly KeyObject[],
  packet: Buffer,
): { readonly header: BroadcastHeader; readonly body: Buffer } | undefined {
  const macAt = packet.length - MAC_BYTES;
  if (macAt < HEADER_BYTES || packet[OFFSETS.version] !== VERSION) return undefined;
  const sealed = packet.subarray(0, macAt);
  const mac = packet.subarray(macAt);
  if (!keys.some((key) => timingSafeEqual(macOf(key, sealed), mac))) return undefined;
  const header = {
    sentAt: packet.readUIntBE(OFFSETS.sentAt, TIME_BYTES),
    counter: packet.readUIntBE(OFFSETS.counter, TIME_BYTES),
    ordinal: packet.readUIntBE(OFFSETS.ordinal, TIME_BYTES),
    subject: packet.readUIntBE(OFFSETS.subject, SUBJECT_BYTES),
    instance: packet.toString("latin1", OFFSETS.instance, HEADER_BYTES),
  };
  return { header, body: packet.subarray(HEADER_BYTES, macAt) };
}

const macOf = (key: KeyObject, sealed: Uint8Array): Buffer => createHmac("sha256", key).update(sealed).digest();
