import { CapnpError, MessageReader } from "./capnp-reader.ts";

/** More segments than any sender of this protocol makes; the reference implementation stops at 512. */
const MAX_SEGMENTS = 64;

/**
 * Cuts a byte stream into Cap'n Proto messages in the stream framing (https://capnproto.org/encoding.html,
 * "Serialization over a stream"): the number of segments less one, the size of each in words, padding to a word, the
 * segments.
 */
export class MessageFramer {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = 4;

  /** @param maxBytes the largest message accepted, its header included */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next bytes and yields the messages they complete; throws CapnpError, after which the stream is unusable.
   */
  *push(chunk: Buffer): Generator<MessageReader> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#needed) {
      const bytes = this.#joined();
      const frame = frameOf(bytes, this.#maxBytes);
      this.#needed = frame.end;
      if (!frame.complete || bytes.length < frame.end) continue;
      this.#chunks = [bytes.subarray(frame.end)];
      this.#length -= frame.end;
      this.#needed = 4;
      yield new MessageReader(frame.segments.map(([start, end]) => bytes.subarray(start, end)));
    }
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first) return first;
    const bytes = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [bytes];
    return bytes;
  }
}

interface FrameBounds {
  /** Whether the header was complete; if not, `end` is the length that the header needs. */
  complete: boolean;
  end: number;
  segments: (readonly [start: number, end: number])[];
}

function frameOf(bytes: Buffer, maxBytes: number): FrameBounds {
  const count = bytes.readUInt32LE(0) + 1;
  if (count > MAX_SEGMENTS) throw new CapnpError(`a message of ${count} segments; at most ${MAX_SEGMENTS} are read`);
  const header = Math.ceil((4 + count * 4) / 8) * 8;
  if (bytes.length < header) return { complete: false, end: header, segments: [] };
  let end = header;
  const segments = Array.from({ length: count }, (_, index) => {
    const start = end;
    end += bytes.readUInt32LE(4 + index * 4) * 8;
    return [start, end] as const;
  });
  if (end > maxBytes) throw new CapnpError(`a message of ${end} bytes; at most ${maxBytes} are read`);
  return { complete: true, end, segments };
}
