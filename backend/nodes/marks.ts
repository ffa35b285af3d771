/** Up to which ordinal a node has sent on a subject. */
export interface Mark {
  readonly subject: number;
  readonly ordinal: number;
}

const SUBJECT_BYTES = 2;
const ORDINAL_BYTES = 6;
/** Bytes of a mark. */
export const markBytes = SUBJECT_BYTES + ORDINAL_BYTES;

/** Writes a mark; returns the offset behind it. */
export function writeMark(into: Buffer, at: number, { subject, ordinal }: Mark): number {
  into.writeUIntBE(subject, at, SUBJECT_BYTES);
  return into.writeUIntBE(ordinal, at + SUBJECT_BYTES, ORDINAL_BYTES);
}

/** The marks in a packet; bytes behind the last whole one are ignored. */
export function* readMarks(bytes: Buffer): Generator<Mark> {
  for (let at = 0; at + markBytes <= bytes.length; at += markBytes) {
    const ordinal = bytes.readUIntBE(at + SUBJECT_BYTES, ORDINAL_BYTES);
    yield { subject: bytes.readUIntBE(at, SUBJECT_BYTES), ordinal };
  }
}
