/** The number of packets that a node has sent on a subject: the ordinal of the latest one. */
export interface Mark {
  readonly subject: number;
  readonly ordinal: number;
}

const SUBJECT_BYTES = 2;
const ORDINAL_BYTES = 6;
/** Length of a mark in bytes. */
export const MARK_BYTES = SUBJECT_BYTES + ORDINAL_BYTES;

/** Writes a mark at an offset; returns the offset after it. */
export function writeMark(into: Buffer, at: number, { subject, ordinal }: Mark): number {
  into.writeUIntBE(subject, at, SUBJECT_BYTES);
  return into.writeUIntBE(ordinal, at + SUBJECT_BYTES, ORDINAL_BYTES);
}

/** The marks in a packet; bytes after the last whole one are ignored. */
export function* readMarks(bytes: Buffer): Generator<Mark> {
  for (let at = 0; at + MARK_BYTES <= bytes.length; at += MARK_BYTES) {
    const ordinal = bytes.readUIntBE(at + SUBJECT_BYTES, ORDINAL_BYTES);
    yield { subject: bytes.readUIntBE(at, SUBJECT_BYTES), ordinal };
  }
}
