/** How many packets a node has sent on a subject; the same as the ordinal of the latest one. */
export interface PacketCount {
  readonly subject: number;
  readonly count: number;
}

const SUBJECT_BYTES = 2;
const NUMBER_BYTES = 6;
/** Length of a packet count in bytes. */
export const PACKET_COUNT_BYTES = SUBJECT_BYTES + NUMBER_BYTES;

/** Writes a packet count at an offset; returns the offset after it. */
export function writePacketCount(into: Buffer, at: number, { subject, count }: PacketCount): number {
  into.writeUIntBE(subject, at, SUBJECT_BYTES);
  return into.writeUIntBE(count, at + SUBJECT_BYTES, NUMBER_BYTES);
}

/** The packet counts in the body of a packet; bytes after the last whole one are ignored. */
export function* readPacketCounts(bytes: Buffer): Generator<PacketCount> {
  for (let at = 0; at + PACKET_COUNT_BYTES <= bytes.length; at += PACKET_COUNT_BYTES) {
    const count = bytes.readUIntBE(at + SUBJECT_BYTES, NUMBER_BYTES);
    yield { subject: bytes.readUIntBE(at, SUBJECT_BYTES), count };
  }
}
