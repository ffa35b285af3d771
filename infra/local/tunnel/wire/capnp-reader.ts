/** A Cap'n Proto message that breaks the encoding or a limit; the connection that sent it is to be closed. */
export class CapnpError extends Error {
  override readonly name = "CapnpError";
}

const WORD = 8;
/**
 * Reads one message in place. Every pointer is checked against its segment before it is followed, and following costs
 * words of a budget, so that a small message whose pointers overlap cannot be made to look large (encoding
 * specification, "Security considerations": https://capnproto.org/encoding.html).
 */
export class MessageReader {
  readonly #segments: readonly Buffer[];
  #budget: number;

  /** @param segments the message's segments, each a whole number of words */
  constructor(segments: readonly Buffer[]) {
    this.#segments = segments;
    this.#budget = 64 + segments.reduce((words, segment) => words + segment.length / WORD, 0) * 4;
  }

  /** The struct that the message holds. */
  root(): StructReader {
    return this.structAt(0, 0);
  }

  /** The struct behind the pointer at a byte offset of a segment; a null pointer is an empty struct, all defaults. */
  structAt(segment: number, at: number): StructReader {
    const target = this.#resolve(segment, at);
    if (!target) return EMPTY;
    if (target.kind !== "struct") throw new CapnpError(`expected a struct, found a ${target.kind}`);
    return new StructReader(
      this,
      this.#segment(target.segment),
      target.segment,
      target.at,
      target.words,
      target.pointers,
    );
  }

  /** The bytes of the Data or Text behind a pointer, copied; a null pointer is empty. */
  bytesAt(segment: number, at: number): Buffer {
    const target = this.#resolve(segment, at);
    if (!target) return Buffer.alloc(0);
    if (target.kind !== "list" || target.elementSize !== 2) throw new CapnpError("expected a list of bytes");
    return Buffer.from(this.#segment(target.segment).subarray(target.at, target.at + target.count));
  }

  /** The texts of the list behind a pointer. */
  textsAt(segment: number, at: number): string[] {
    const target = this.#resolve(segment, at);
    if (!target) return [];
    if (target.kind !== "list" || target.elementSize !== 6) throw new CapnpError("expected a list of texts");
    return Array.from({ length: target.count }, (_, index) => this.textAt(target.segment, target.at + index * WORD));
  }

  /** The Text behind a pointer, without its closing NUL. */
  textAt(segment: number, at: number): string {
    const bytes = this.bytesAt(segment, at);
    if (bytes.length === 0) return "";
    if (bytes[bytes.length - 1] !== 0) throw new CapnpError("a text does not end with NUL");
    return bytes.toString("utf8", 0, bytes.length - 1);
  }

  #segment(index: number): Buffer {
    const segment = this.#segments[index];
    if (!segment) throw new CapnpError(`segment ${index} does not exist`);
    return segment;
  }

  #word(segment: number, at: number): readonly [low: number, high: number] {
    this.#inside(segment, at, 1);
    const bytes = this.#segment(segment);
    return [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
  }

  #inside(segment: number, at: number, words: number): void {
    if (at < 0 || at + words * WORD > this.#segment(segment).length) throw new CapnpError("a pointer leads outside");
  }

  #spend(words: number): void {
    this.#budget -= words;
    if (this.#budget < 0) throw new CapnpError("the message is larger than its bytes: pointers overlap");
  }

  /** Follows the pointer at an offset, over at most one far pointer and its landing pad. */
  #resolve(segment: number, at: number): PointerTarget | undefined {
    const [low, high] = this.#word(segment, at);
    if (low === 0 && high === 0) return undefined;
    if ((low & 3) !== 2) return this.#target(segment, at + WORD + (low >> 2) * WORD, low, high);
    const pad = (low >>> 3) * WORD;
    const [padLow, padHigh] = this.#word(high, pad);
    if ((low & 4) === 0) {
      if ((padLow & 3) === 2) throw new CapnpError("a landing pad holds another far pointer");
      return this.#target(high, pad + WORD + (padLow >> 2) * WORD, padLow, padHigh);
    }
    if ((padLow & 7) !== 2) throw new CapnpError("a double landing pad does not start with a far pointer");
    const [tagLow, tagHigh] = this.#word(high, pad + WORD);
    if (tagLow >>> 2 !== 0) throw new CapnpError("the tag of a double landing pad has an offset");
    return this.#target(padHigh, (padLow >>> 3) * WORD, tagLow, tagHigh);
  }

  #target(segment: number, at: number, low: number, high: number): PointerTarget {
    const kind = low & 3;
    if (kind === 0) {
      const words = high & 0xffff;
      const pointers = high >>> 16;
      this.#inside(segment, at, words + pointers);
      this.#spend(1 + words + pointers);
      return { kind: "struct", segment, at, words, pointers };
    }
    if (kind === 1) {
      const elementSize = high & 7;
      const count = high >>> 3;
      const bits = LIST_ELEMENT_BITS[elementSize] ?? 64;
      const words = elementSize === 7 ? count + 1 : Math.ceil((count * bits) / 64);
      this.#inside(segment, at, words);
      this.#spend(1 + (bits === 0 ? count : words));
      return { kind: "list", segment, at, elementSize, count };
    }
    if (kind === 3 && low === 3) return { kind: "capability" };
    throw new CapnpError("a pointer of unknown kind");
  }
}

/** Bits per element by the size code of a list pointer; code 7 counts words and has a tag word before them. */
const LIST_ELEMENT_BITS = [0, 1, 8, 16, 32, 64, 64, 64] as const;

type PointerTarget =
  | { kind: "struct"; segment: number; at: number; words: number; pointers: number }
  | { kind: "list"; segment: number; at: number; elementSize: number; count: number }
  | { kind: "capability" };

/** One struct of a message. What is beyond its sections reads as zero, as the encoding demands for older senders. */
export class StructReader {
  readonly #message: MessageReader | undefined;
  readonly #bytes: Buffer;
  readonly #segment: number;
  readonly #at: number;
  readonly #dataBytes: number;
  readonly #pointers: number;

  constructor(
    message: MessageReader | undefined,
    bytes: Buffer,
    segment: number,
    at: number,
    words: number,
    pointers: number,
  ) {
    this.#message = message;
    this.#bytes = bytes;
    this.#segment = segment;
    this.#at = at;
    this.#dataBytes = words * WORD;
    this.#pointers = pointers;
  }

  /** The number at a byte offset of the data section. */
  uint8(offset: number): number {
    return offset + 1 <= this.#dataBytes ? this.#bytes.readUInt8(this.#at + offset) : 0;
  }

  uint16(offset: number): number {
    return offset + 2 <= this.#dataBytes ? this.#bytes.readUInt16LE(this.#at + offset) : 0;
  }

  uint32(offset: number): number {
    return offset + 4 <= this.#dataBytes ? this.#bytes.readUInt32LE(this.#at + offset) : 0;
  }

  uint64(offset: number): bigint {
    return offset + 8 <= this.#dataBytes ? this.#bytes.readBigUInt64LE(this.#at + offset) : 0n;
  }

  int64(offset: number): bigint {
    return BigInt.asIntN(64, this.uint64(offset));
  }

  /** The bit at a bit offset of the data section. */
  bit(offset: number): boolean {
    return ((this.uint8(offset >>> 3) >>> (offset & 7)) & 1) === 1;
  }

  /** The struct, bytes, text or list of texts behind the pointer of this index. */
  struct(index: number): StructReader {
    return this.#follow(index, (message, at) => message.structAt(this.#segment, at)) ?? EMPTY;
  }

  data(index: number): Buffer {
    return this.#follow(index, (message, at) => message.bytesAt(this.#segment, at)) ?? Buffer.alloc(0);
  }

  text(index: number): string {
    return this.#follow(index, (message, at) => message.textAt(this.#segment, at)) ?? "";
  }

  texts(index: number): string[] {
    return this.#follow(index, (message, at) => message.textsAt(this.#segment, at)) ?? [];
  }

  #follow<T>(index: number, read: (message: MessageReader, at: number) => T): T | undefined {
    if (!this.#message || index >= this.#pointers) return undefined;
    return read(this.#message, this.#at + this.#dataBytes + index * WORD);
  }
}

const EMPTY = new StructReader(undefined, Buffer.alloc(0), 0, 0, 0, 0);
