import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MessageFramer } from "../../../../../infra/local/tunnel/wire/capnp-framer.ts";
import { CapnpError, MessageReader, type StructReader } from "../../../../../infra/local/tunnel/wire/capnp-reader.ts";
import { MessageBuilder } from "../../../../../infra/local/tunnel/wire/capnp-writer.ts";
import { readRegistration, writeRegistration } from "../../../../../infra/local/tunnel/wire/registration.ts";
import { readRpc, writeCall } from "../../../../../infra/local/tunnel/wire/rpc.ts";
import { character } from "../../../../character.ts";

/** A segment of 64-bit words, each as [low, high]. */
function words(...pairs: (readonly [low: number, high: number])[]): Buffer {
  const segment = Buffer.alloc(pairs.length * 8);
  for (const [index, [low, high]] of pairs.entries()) {
    segment.writeUInt32LE(low >>> 0, index * 8);
    segment.writeUInt32LE(high >>> 0, index * 8 + 4);
  }
  return segment;
}

function framed(...segments: Buffer[]): Buffer {
  const header = Buffer.alloc(Math.ceil((4 + segments.length * 4) / 8) * 8);
  header.writeUInt32LE(segments.length - 1, 0);
  for (const [index, segment] of segments.entries()) header.writeUInt32LE(segment.length / 8, 4 + index * 4);
  return Buffer.concat([header, ...segments]);
}

/** A struct pointer with an offset in words, and sizes. */
const structPointer = (offset: number, data: number, pointers: number) =>
  [offset << 2, data + pointers * 0x10000] as const;
const bytesPointer = (offset: number, length: number) => [(offset << 2) | 1, length * 8 + 2] as const;
const farPointer = (segment: number, offset: number, double = false) =>
  [(offset << 3) | (double ? 4 : 0) | 2, segment] as const;

/** Reads everything that the control stream's schema could ask of a struct. */
function readAll(root: StructReader): void {
  root.uint8(0);
  root.uint64(8);
  for (let index = 0; index < 4; index += 1) {
    for (const read of ["struct", "data", "text", "texts"] as const) {
      try {
        root[read](index);
      } catch (error) {
        if (!(error instanceof CapnpError)) throw error;
      }
    }
  }
}

describe("reading what a peer sent", () => {
  test("reads back what the writer wrote", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: character }),
        fc.uint8Array({ maxLength: 2000 }),
        fc.array(fc.string(), { maxLength: 20 }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (text, bytes, texts, number) => {
          const builder = new MessageBuilder();
          const clean = text.toWellFormed();
          builder.root(2, 4).uint64(8, number).bit(3, true).uint16(2, 7).text(0, clean).data(1, bytes).texts(2, texts);
          const [message] = [...new MessageFramer(1 << 20).push(builder.finish())];
          const root = message!.root();
          expect([root.uint64(8), root.bit(3), root.bit(4), root.uint16(2)]).toEqual([number, true, false, 7]);
          expect(root.text(0)).toBe(clean);
          expect(root.data(1)).toEqual(Buffer.from(bytes));
          expect(root.texts(2)).toEqual(texts);
          expect(root.data(3).length).toBe(0);
        },
      ),
    );
  });

  test("follows far pointers over one and two landing pads", () => {
    const single = new MessageReader([words(farPointer(1, 1)), words([0, 0], structPointer(0, 1, 0), [42, 0])]);
    expect(single.root().uint32(0)).toBe(42);
    const double = new MessageReader([
      words(farPointer(1, 0, true)),
      words(farPointer(2, 1), structPointer(0, 1, 0)),
      words([0, 0], [43, 0]),
    ]);
    expect(double.root().uint32(0)).toBe(43);
  });

  test.each([
    ["a pointer past its segment", [words(structPointer(100, 1, 0))]],
    ["a pointer before its segment", [words(structPointer(-5, 1, 0))]],
    ["a struct longer than its segment", [words(structPointer(0, 0xffff, 0xffff))]],
    ["a far pointer to no segment", [words(farPointer(9, 0))]],
    ["a far pointer outside its segment", [words(farPointer(0, 77))]],
    ["a far pointer to a far pointer, in a circle", [words(farPointer(0, 0))]],
    ["a double far pointer whose pad is none", [words(farPointer(1, 0, true)), words([0, 0], [0, 0])]],
    ["a list where a struct belongs", [words(bytesPointer(0, 1), [0, 0])]],
    ["a capability where a struct belongs", [words([3, 0])]],
    ["no segment at all", []],
  ])("%s is refused", (_, segments) => {
    expect(() => new MessageReader(segments).root()).toThrow(CapnpError);
  });

  test.each([
    ["a text without an end", bytesPointer(0, 3), "text"],
    ["a list longer than its segment", bytesPointer(0, 0x1fffffff), "data"],
    ["a list of structs where bytes belong", [(0 << 2) | 1, 8 + 7] as const, "data"],
    ["a list of nothing with many elements where texts belong", [(0 << 2) | 1, 0x1fffffff * 8] as const, "texts"],
  ])("%s is refused", (_, pointer, method) => {
    const root = new MessageReader([words(structPointer(0, 0, 1), pointer, [0x41414141, 0])]).root();
    expect(() => root[method as "text" | "data" | "texts"](0)).toThrow(CapnpError);
  });

  test("hazard: a small message whose pointers overlap is not read as a large one (amplification)", () => {
    // A list of texts, all of which point to the same bytes.
    const count = 1000;
    const texts = Array.from({ length: count }, (_, index) => bytesPointer(count - index - 1, 8 * 1024));
    const body = words(...Array.from({ length: 1024 }, () => [0, 0] as const));
    const segment = Buffer.concat([words(structPointer(0, 0, 1), [1, count * 8 + 6], ...texts), body]);
    expect(() => new MessageReader([segment]).root().texts(0)).toThrow(/overlap/);
  });

  test("fuzz: arbitrary segments are read or refused, and nothing else happens", () => {
    const word = fc.oneof(
      fc.constantFrom(
        structPointer(0, 1, 1),
        structPointer(-1, 0, 0),
        bytesPointer(0, 8),
        farPointer(1, 0),
        farPointer(0, 1, true),
      ),
      fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff })),
      fc.tuple(fc.nat({ max: 64 }), fc.nat({ max: 0x40004 })),
    );
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 12 }), { minLength: 1, maxLength: 3 }), (segments) => {
        try {
          const message = new MessageReader(segments.map((segment) => words(...segment)));
          readAll(message.root());
          readRpc(message);
        } catch (error) {
          if (!(error instanceof CapnpError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("fuzz: a registration with flipped bytes is read or refused", () => {
    const whole = writeCall({ question: 1, answerTo: 0, interfaceId: 1n, method: 0 }, (payload) =>
      writeRegistration(payload, {
        accountTag: "a".repeat(32),
        tunnelSecret: Buffer.alloc(32, 7),
        tunnelId: "6ff42ae2-765d-4adf-8112-31c55c1551ef",
        connectionIndex: 2,
        clientId: "0db3b2a1-4d6b-4d5e-8a57-8c9e0a1b2c3d",
        features: ["one", "two"],
        version: "1",
        arch: "linux_amd64",
        originLocalIp: Buffer.from([127, 0, 0, 1]),
        previousAttempts: 3,
      }),
    );
    const read = (bytes: Buffer) => {
      for (const message of new MessageFramer(64 * 1024).push(bytes)) {
        const call = readRpc(message);
        if (call.type === "call") return readRegistration(call.params);
      }
      return undefined;
    };
    expect(read(whole)).toMatchObject({ connectionIndex: 2, features: ["one", "two"], previousAttempts: 3 });
    const flip = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 8 }), (flips) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of flips) bytes[at] = value;
        try {
          read(bytes);
        } catch (error) {
          if (!(error instanceof CapnpError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("cutting the stream into messages", () => {
  test("finds the same messages however the bytes are cut", () => {
    const message = (text: string) => {
      const builder = new MessageBuilder();
      builder.root(0, 1).text(0, text);
      return builder.finish();
    };
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.nat({ max: 4000 })),
        (texts, cuts) => {
          const bytes = Buffer.concat(texts.map(message));
          const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
          const framer = new MessageFramer(1 << 20);
          const found: string[] = [];
          let from = 0;
          for (const to of [...places, bytes.length]) {
            for (const one of framer.push(bytes.subarray(from, to))) found.push(one.root().text(0));
            from = to;
          }
          expect(found).toEqual(texts);
        },
      ),
    );
  });

  test("hazard: a header that announces gigabytes, or millions of segments, is refused before they come", () => {
    const large = framed(Buffer.alloc(8));
    large.writeUInt32LE(0x20000000, 4);
    expect(() => [...new MessageFramer(1 << 20).push(large.subarray(0, 8))]).toThrow(/at most/);
    const many = Buffer.alloc(4);
    many.writeUInt32LE(0xfffffffe, 0);
    expect(() => [...new MessageFramer(1 << 20).push(many)]).toThrow(/segments/);
  });

  test("fuzz: arbitrary bytes are messages or refused", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), (chunks) => {
        const framer = new MessageFramer(4096);
        try {
          for (const chunk of chunks) for (const message of framer.push(Buffer.from(chunk))) readAll(message.root());
        } catch (error) {
          if (!(error instanceof CapnpError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
