import { describe, expect, test } from "@jest/globals";
import { pictureHash, readPicture } from "../../../backend/users/picture.ts";
import { exifOrientation } from "../../../backend/users/picture-orientation.ts";
import {
  exif,
  JPEG_SCAN,
  JPEG_TABLES,
  jpeg,
  jpegFrame,
  jpegSegment,
  PNG_SIGNATURE,
  png,
  pngChunk,
  pngHeader,
  pngPixels,
  vp8,
  vp8l,
  vp8x,
  webp,
  webpChunk,
} from "./picture-samples.ts";

const outcomeOf = (file: Buffer) => {
  const read = readPicture(file);
  return read.ok ? read.value.type : read.code;
};
const bytesOf = (file: Buffer) => {
  const read = readPicture(file);
  if (!read.ok) throw new Error(read.code);
  return read.value.bytes;
};
const SECRET = Buffer.from("GPS 48.2,16.37");

describe("a picture", () => {
  test.each([
    ["image/png", png()],
    ["image/jpeg", jpeg()],
    ["image/webp", webp(vp8(2, 3))],
    ["image/webp", webp(vp8l(2, 3))],
  ])("is %s by its content, and what has no metadata stays as it is", (type, file) => {
    expect(outcomeOf(file)).toBe(type);
    expect(bytesOf(file).equals(file)).toBe(true);
    // cleaned once more nothing changes
    expect(bytesOf(bytesOf(file)).equals(file)).toBe(true);
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>")],
    ["GIF", Buffer.from("GIF89a")],
    ["a page behind a byte order mark", Buffer.from("\ufeff<html>")],
    ["AVIF", Buffer.from("\0\0\0\x20ftypavif", "latin1")],
    ["JPEG in four inks", Buffer.concat([jpeg().subarray(0, 2), JPEG_TABLES, jpegFrame(2, 3, 4), JPEG_SCAN])],
    ["lossless JPEG", Buffer.concat([jpeg().subarray(0, 2), jpegFrame(2, 3, 3, 0xc3), JPEG_SCAN])],
  ])("is not %s", (_what, file) => {
    expect(outcomeOf(file)).toBe("PICTURE_TYPE");
  });

  test.each([
    ["PNG text", png(pngChunk("tEXt", SECRET)), png()],
    ["PNG compressed text", png(pngChunk("zTXt", SECRET), pngChunk("iTXt", SECRET)), png()],
    [
      "PNG EXIF, time and profile",
      png(pngChunk("eXIf", SECRET), pngChunk("tIME", "1234567"), pngChunk("iCCP", SECRET)),
      png(),
    ],
    ["what follows a PNG", Buffer.concat([png(), SECRET]), png()],
    ["JPEG comments", jpeg(jpegSegment(0xfe, SECRET)), jpeg()],
    ["JPEG EXIF", jpeg(jpegSegment(0xe1, exif(1))), jpeg()],
    [
      "JPEG XMP and profiles",
      jpeg(jpegSegment(0xe1, "http://ns.adobe.com/xap/1.0/\0GPS 48.2,16.37"), jpegSegment(0xe2, SECRET)),
      jpeg(),
    ],
    ["JPEG application data", jpeg(jpegSegment(0xed, SECRET), jpegSegment(0xef, SECRET)), jpeg()],
    ["what follows a JPEG", Buffer.concat([jpeg(), SECRET]), jpeg()],
    ["what follows a WebP", Buffer.concat([webp(vp8(2, 3)), SECRET]), webp(vp8(2, 3))],
    [
      "WebP EXIF, XMP and profile",
      webp(
        vp8x(0x2c, 2, 3),
        webpChunk("ICCP", SECRET),
        vp8(2, 3),
        webpChunk("EXIF", SECRET),
        webpChunk("XMP ", SECRET),
      ),
      webp(vp8(2, 3)),
    ],
    [
      "WebP chunks that nobody knows",
      webp(vp8x(0x18, 2, 3), webpChunk("ALPH", Buffer.from([0, 1])), vp8(2, 3), webpChunk("GPSX", SECRET)),
      webp(vp8x(0x10, 2, 3), webpChunk("ALPH", Buffer.from([0, 1])), vp8(2, 3)),
    ],
  ])("loses %s", (_what, file, clean) => {
    expect(file.includes(SECRET.subarray(0, 3)) || file.length > clean.length).toBe(true);
    expect(bytesOf(file).equals(clean)).toBe(true);
  });

  test("keeps how it was held, and nothing else of EXIF", () => {
    for (const order of ["II", "MM"] as const) {
      const clean = bytesOf(jpeg(jpegSegment(0xe1, exif(6, order))));
      expect(clean.includes(SECRET)).toBe(false);
      expect(clean.length).toBe(jpeg().length + 36);
      expect(exifOrientation(clean.subarray(6))).toBe(6);
      expect(bytesOf(clean).equals(clean)).toBe(true);
    }
    for (const orientation of [0, 1, 9])
      expect(bytesOf(jpeg(jpegSegment(0xe1, exif(orientation)))).equals(jpeg())).toBe(true);
  });

  test("keeps what a JPEG's colours are coded by, without a thumbnail", () => {
    const jfif = Buffer.from("JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01abc", "latin1");
    const adobe = Buffer.from("Adobe\0\x64\0\0\0\0\x01", "latin1");
    const clean = bytesOf(jpeg(jpegSegment(0xe0, jfif), jpegSegment(0xee, Buffer.concat([adobe, SECRET]))));
    const plain = Buffer.from("JFIF\0\x01\x02\0\0\x01\0\x01\0\0", "latin1");
    expect(clean.equals(jpeg(jpegSegment(0xe0, plain), jpegSegment(0xee, adobe)))).toBe(true);
  });

  test.each([
    ["PNG", png(pngChunk("acTL", Buffer.alloc(8)))],
    ["PNG frames", png(pngChunk("fcTL", Buffer.alloc(26)))],
    ["WebP", webp(vp8x(0x02, 2, 3), webpChunk("ANIM", Buffer.alloc(6)))],
    ["WebP that does not say so", webp(vp8x(0, 2, 3), webpChunk("ANMF", Buffer.alloc(16)), vp8(2, 3))],
  ])("is refused when it moves: %s", (_what, file) => {
    expect(outcomeOf(file)).toBe("PICTURE_ANIMATED");
  });

  test.each([
    ["PNG", Buffer.concat([PNG_SIGNATURE, pngHeader(2049, 3), pngPixels(1, 1), pngChunk("IEND")])],
    [
      "PNG of the largest size",
      Buffer.concat([PNG_SIGNATURE, pngHeader(1, 4_294_967_295), pngPixels(1, 1), pngChunk("IEND")]),
    ],
    ["JPEG", Buffer.concat([jpeg().subarray(0, 2), jpegFrame(2, 2049), JPEG_SCAN, Buffer.from([0xff, 0xd9])])],
    ["WebP", webp(vp8(2049, 3))],
    ["lossless WebP", webp(vp8l(16_384, 1))],
  ])("is refused when it has too many pixels: %s", (_what, file) => {
    expect(outcomeOf(file)).toBe("PICTURE_LARGE");
  });

  const wrongSum = png();
  wrongSum[20] = 9;
  test.each([
    ["a wrong checksum", wrongSum],
    ["no pixels", Buffer.concat([PNG_SIGNATURE, pngHeader(2, 3), pngChunk("IEND")])],
    ["no header", Buffer.concat([PNG_SIGNATURE, pngPixels(2, 3), pngChunk("IEND")])],
    ["two headers", png(pngHeader(2, 3))],
    ["no width", Buffer.concat([PNG_SIGNATURE, pngHeader(0, 3), pngPixels(1, 1), pngChunk("IEND")])],
    [
      "a depth that its colours cannot have",
      Buffer.concat([PNG_SIGNATURE, pngHeader(2, 3, 4, 2), pngPixels(2, 3), pngChunk("IEND")]),
    ],
    [
      "colours without a palette",
      Buffer.concat([PNG_SIGNATURE, pngHeader(2, 3, 8, 3), pngPixels(2, 3), pngChunk("IEND")]),
    ],
    ["a critical chunk that is not known", png(pngChunk("ABCD", "x"))],
    ["pixels in two places", png(pngPixels(2, 3), pngChunk("tEXt", "x"))],
    ["a chunk that hides something", png(pngChunk("gAMA", SECRET))],
    ["an end that hides something", Buffer.concat([png().subarray(0, -12), pngChunk("IEND", SECRET)])],
  ])("is refused as malformed: PNG with %s", (_what, file) => {
    expect(outcomeOf(file)).toBe("PICTURE_MALFORMED");
  });

  const start = jpeg().subarray(0, 2);
  const end = Buffer.from([0xff, 0xd9]);
  test.each([
    ["no end", jpeg().subarray(0, -2)],
    ["no frame", Buffer.concat([start, JPEG_SCAN, end])],
    ["no pixels", Buffer.concat([start, jpegFrame(2, 3), end])],
    ["two frames", Buffer.concat([start, jpegFrame(2, 3), jpegFrame(2, 3), JPEG_SCAN, end])],
    ["a height that comes later", Buffer.concat([start, jpegFrame(2, 0), JPEG_SCAN, end])],
    ["a segment longer than the file", Buffer.concat([start, Buffer.from([0xff, 0xe1, 0xff, 0xff])])],
    ["scans without end", Buffer.concat([start, jpegFrame(2, 3), ...Array<Buffer>(51).fill(JPEG_SCAN), end])],
  ])("is refused as malformed: JPEG with %s", (_what, file) => {
    expect(outcomeOf(file)).toBe("PICTURE_MALFORMED");
  });

  test.each([
    ["no pixels", webp(vp8x(0, 2, 3))],
    ["two pictures", webp(vp8(2, 3), vp8(2, 3))],
    ["a canvas of another size", webp(vp8x(0x10, 2, 4), vp8(2, 3))],
    ["transparency behind the pixels", webp(vp8x(0x10, 2, 3), vp8(2, 3), webpChunk("ALPH", Buffer.alloc(2)))],
    ["a length beyond the file", webp(vp8(2, 3)).subarray(0, -1)],
    ["a chunk beyond the end", webp(vp8(2, 3), Buffer.from("EXIF\xff\0\0\0", "latin1"))],
    ["no key frame", webp(webpChunk("VP8 ", Buffer.alloc(12, 1)))],
  ])("is refused as malformed: WebP with %s", (_what, file) => {
    expect(outcomeOf(file)).toBe("PICTURE_MALFORMED");
  });

  test("has another address for each user and content", () => {
    const [one, other] = [png(), jpeg()].map((file) => ({ type: "image/png" as const, bytes: bytesOf(file) }));
    if (!one || !other) throw new Error("no pictures");
    expect(pictureHash("ann", one)).toMatch(/^[\w-]{22}$/);
    expect(pictureHash("ann", one)).toBe(pictureHash("ann", one));
    expect(new Set([pictureHash("ann", one), pictureHash("ben", one), pictureHash("ann", other)]).size).toBe(3);
  });

  test("whatever is changed in a file, it is a picture without metadata or refused", () => {
    const originals = [
      png(pngChunk("tEXt", SECRET)),
      jpeg(jpegSegment(0xe1, exif(6)), jpegSegment(0xfe, SECRET)),
      webp(vp8x(0x18, 2, 3), webpChunk("ALPH", Buffer.from([0, 1])), vp8(2, 3), webpChunk("EXIF", SECRET)),
    ];
    let seed = 5;
    const pick = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (seed >>> 3) % below;
    };
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 3_000; round++) {
      let file = Buffer.from(originals[pick(3)] ?? "");
      for (let change = 0; change <= pick(4); change++) {
        const at = pick(file.length);
        if (pick(4) === 0) file = Buffer.concat([file.subarray(0, at), file.subarray(at + pick(8))]);
        else file[at] = [0, 0xff, 0xd9, 0xe1, pick(256)][pick(5)] ?? 0;
        if (file.length === 0) break;
      }
      const outcome = outcomeOf(file);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (!outcome.startsWith("image/")) continue;
      const clean = bytesOf(file);
      expect(clean.length).toBeLessThanOrEqual(file.length + 36);
      expect(bytesOf(clean).equals(clean)).toBe(true);
    }
    for (const outcome of ["PICTURE_MALFORMED", "PICTURE_TYPE", "image/jpeg", "image/png", "image/webp"])
      expect(outcomes.get(outcome)).toBeGreaterThan(10);
  });
});
