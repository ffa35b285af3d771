import { crc32, deflateSync } from "node:zlib";

/** Small pictures in each format, made of parts that a test can change. */

export function pngChunk(type: string, data: Buffer | string = ""): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), typeof data === "string" ? Buffer.from(data) : data]);
  const [head, mark] = [Buffer.alloc(4), Buffer.alloc(4)];
  head.writeUInt32BE(body.length - 4);
  mark.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, mark]);
}

export const PNG_SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

export function pngHeader(width: number, height: number, depth = 8, colour = 2): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colour, 0, 0, 0], 8);
  return pngChunk("IHDR", data);
}

/** Red, green, blue for each pixel: all black. */
export const pngPixels = (width: number, height: number): Buffer =>
  pngChunk("IDAT", deflateSync(Buffer.alloc(height * (1 + 3 * width))));

export const png = (...between: readonly Buffer[]): Buffer =>
  Buffer.concat([PNG_SIGNATURE, pngHeader(2, 3), ...between, pngPixels(2, 3), pngChunk("IEND")]);

export function jpegSegment(marker: number, data: Buffer | string = ""): Buffer {
  const body = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

export function jpegFrame(width: number, height: number, components = 3, marker = 0xc0): Buffer {
  const data = Buffer.alloc(6 + 3 * components);
  data[0] = 8;
  data.writeUInt16BE(height, 1);
  data.writeUInt16BE(width, 3);
  data[5] = components;
  return jpegSegment(marker, data);
}

/** Coded pixels with a stuffed byte and a restart in them. */
export const JPEG_SCAN = Buffer.concat([
  jpegSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
  Buffer.from([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]),
]);
export const JPEG_TABLES = Buffer.concat([jpegSegment(0xdb, Buffer.alloc(65)), jpegSegment(0xc4, Buffer.alloc(20))]);

export const jpeg = (...before: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...before,
    JPEG_TABLES,
    jpegFrame(2, 3),
    JPEG_SCAN,
    Buffer.from([0xff, 0xd9]),
  ]);

/** EXIF with an orientation behind another entry, in either order of bytes. */
export function exif(orientation: number, order: "II" | "MM" = "II"): Buffer {
  const tiff = Buffer.alloc(38);
  const little = order === "II";
  const short = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at));
  const long = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at));
  tiff.write(order, "latin1");
  short(42, 2);
  long(8, 4);
  short(2, 8);
  for (const [at, tag, value] of [
    [10, 0x010f, 77],
    [22, 0x0112, orientation],
  ] as const) {
    short(tag, at);
    short(3, at + 2);
    long(1, at + 4);
    short(value, at + 8);
  }
  return Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff, Buffer.from("GPS 48.2,16.37")]);
}

export function webpChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
}

export function webp(...chunks: readonly Buffer[]): Buffer {
  const head = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  const body = Buffer.concat(chunks);
  head.writeUInt32LE(4 + body.length, 4);
  return Buffer.concat([head, body]);
}

export function vp8(width: number, height: number): Buffer {
  const data = Buffer.alloc(13, 7);
  data.set([0x10, 0, 0, 0x9d, 0x01, 0x2a]);
  data.writeUInt16LE(width, 6);
  data.writeUInt16LE(height, 8);
  return webpChunk("VP8 ", data);
}

export function vp8l(width: number, height: number): Buffer {
  const data = Buffer.alloc(8, 7);
  data[0] = 0x2f;
  data.writeUInt32LE(((width - 1) | ((height - 1) << 14) | (1 << 28)) >>> 0, 1);
  return webpChunk("VP8L", data);
}

/** `flags`: 2 animation, 4 XMP, 8 EXIF, 16 transparency, 32 a colour profile. */
export function vp8x(flags: number, width: number, height: number): Buffer {
  const data = Buffer.alloc(10);
  data[0] = flags;
  data.writeUIntLE(width - 1, 4, 3);
  data.writeUIntLE(height - 1, 7, 3);
  return webpChunk("VP8X", data);
}
