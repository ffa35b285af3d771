const WORD = 8;

/** Builds a Cap'n Proto message of one segment. */
export class MessageBuilder {
  #bytes = Buffer.alloc(512);
  #end = WORD;

  /**
   * The struct that the message holds: its data section in words and its number of pointers, as the schema lays it out.
   */
  root(words: number, pointers: number): StructBuilder {
    return this.structAt(0, words, pointers);
  }

  /** The message in the stream framing. */
  finish(): Buffer {
    const header = Buffer.alloc(WORD);
    header.writeUInt32LE(this.#end / WORD, 4);
    return Buffer.concat([header, this.#bytes.subarray(0, this.#end)]);
  }

  /** The buffer under construction; it is replaced as it grows, so callers read this property at each write. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Allocates a struct and points to it from a byte offset. */
  structAt(pointer: number, words: number, pointers: number): StructBuilder {
    const at = this.#allocate(words + pointers);
    this.#bytes.writeInt32LE(((at - pointer - WORD) / WORD) << 2, pointer);
    this.#bytes.writeUInt32LE(words + pointers * 0x10000, pointer + 4);
    return new StructBuilder(this, at, words);
  }

  /** Allocates a list of bytes and points to it. */
  bytesAt(pointer: number, bytes: Uint8Array): void {
    const at = this.#allocate(Math.ceil(bytes.length / WORD));
    this.#list(pointer, at, 2, bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Allocates a list of texts and points to it. */
  textsAt(pointer: number, texts: readonly string[]): void {
    const at = this.#allocate(texts.length);
    this.#list(pointer, at, 6, texts.length);
    for (const [index, text] of texts.entries()) this.bytesAt(at + index * WORD, nulTerminated(text));
  }

  /** Allocates a list of one struct and points to it. */
  singletonAt(pointer: number, words: number, pointers: number): StructBuilder {
    const at = this.#allocate(1 + words + pointers);
    this.#list(pointer, at, 7, words + pointers);
    this.#bytes.writeUInt32LE(1 << 2, at);
    this.#bytes.writeUInt32LE(words + pointers * 0x10000, at + 4);
    return new StructBuilder(this, at + WORD, words);
  }

  #list(pointer: number, at: number, elementSize: number, count: number): void {
    this.#bytes.writeInt32LE((((at - pointer - WORD) / WORD) << 2) | 1, pointer);
    this.#bytes.writeUInt32LE(count * 8 + elementSize, pointer + 4);
  }

  #allocate(words: number): number {
    const at = this.#end;
    this.#end += words * WORD;
    if (this.#end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(this.#end, this.#bytes.length * 2));
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    return at;
  }
}

/** One struct under construction; offsets are those of StructReader. */
export class StructBuilder {
  readonly #message: MessageBuilder;
  readonly #at: number;
  readonly #pointers: number;

  constructor(message: MessageBuilder, at: number, words: number) {
    this.#message = message;
    this.#at = at;
    this.#pointers = at + words * WORD;
  }

  uint8(offset: number, value: number): this {
    this.#message.bytes.writeUInt8(value, this.#at + offset);
    return this;
  }

  uint16(offset: number, value: number): this {
    this.#message.bytes.writeUInt16LE(value, this.#at + offset);
    return this;
  }

  uint32(offset: number, value: number): this {
    this.#message.bytes.writeUInt32LE(value, this.#at + offset);
    return this;
  }

  uint64(offset: number, value: bigint): this {
    this.#message.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at + offset);
    return this;
  }

  bit(offset: number, value: boolean): this {
    const at = this.#at + (offset >>> 3);
    const mask = 1 << (offset & 7);
    const byte = this.#message.bytes.readUInt8(at);
    this.#message.bytes.writeUInt8(value ? byte | mask : byte & ~mask, at);
    return this;
  }

  struct(index: number, words: number, pointers: number): StructBuilder {
    return this.#message.structAt(this.#pointers + index * WORD, words, pointers);
  }

  data(index: number, bytes: Uint8Array): this {
    this.#message.bytesAt(this.#pointers + index * WORD, bytes);
    return this;
  }

  text(index: number, text: string): this {
    return this.data(index, nulTerminated(text));
  }

  texts(index: number, texts: readonly string[]): this {
    this.#message.textsAt(this.#pointers + index * WORD, texts);
    return this;
  }

  singleton(index: number, words: number, pointers: number): StructBuilder {
    return this.#message.singletonAt(this.#pointers + index * WORD, words, pointers);
  }

  /** Points to an entry of the message's capability table. */
  capability(index: number, entry: number): this {
    this.#message.bytes.writeUInt32LE(3, this.#pointers + index * WORD);
    this.#message.bytes.writeUInt32LE(entry, this.#pointers + index * WORD + 4);
    return this;
  }
}

function nulTerminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}
