import { type CleanPicture, malformedPicture, PictureError } from "./picture-error.ts";

/** Bytes of the file's head: `RIFF`, the length of the rest, `WEBP`. */
const FILE_HEAD_BYTES = 12;
/** Bytes of a chunk's head: its type, and the length of its data. */
const CHUNK_HEAD_BYTES = 8;

/** Flags in the first byte of a `VP8X` chunk (RFC 9649 2.7). */
const HAS_ANIMATION = 0x02;
const HAS_ALPHA = 0x10;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Reads a WebP file (RFC 9649) and returns one with its pixels and their transparency alone. Throws a PictureError.
 */
export function cleanWebp(file: Buffer): CleanPicture {
  const chunks = chunksOf(file);
  const [first] = chunks;
  if (first?.type === "VP8X" && first.data.length !== 10) throw malformedPicture();
  const isAnimated = first?.type === "VP8X" && ((first.data[0] ?? 0) & HAS_ANIMATION) !== 0;
  if (isAnimated || chunks.some(({ type }) => type === "ANIM" || type === "ANMF")) {
    throw new PictureError("PICTURE_ANIMATED");
  }
  const pixels = chunks.filter(({ type }) => type === "VP8 " || type === "VP8L");
  const [image] = pixels;
  if (!image || pixels.length > 1) throw malformedPicture();
  const size = image.type === "VP8 " ? lossySize(image.data) : losslessSize(image.data);
  if (first?.type !== "VP8X") return { ...size, bytes: fileOf([image]) };
  const canvas = { width: first.data.readUIntLE(4, 3) + 1, height: first.data.readUIntLE(7, 3) + 1 };
  if (canvas.width !== size.width || canvas.height !== size.height) throw malformedPicture();
  const alphas = chunks.filter(({ type }) => type === "ALPH");
  const [alpha] = alphas;
  // lossless pixels have their own transparency
  if (!alpha || image.type === "VP8L") return { ...size, bytes: fileOf([image]) };
  if (alphas.length > 1 || chunks.indexOf(alpha) > chunks.indexOf(image)) throw malformedPicture();
  const extended = Buffer.alloc(10);
  extended[0] = HAS_ALPHA;
  extended.writeUIntLE(size.width - 1, 4, 3);
  extended.writeUIntLE(size.height - 1, 7, 3);
  return { ...size, bytes: fileOf([{ type: "VP8X", data: extended }, alpha, image]) };
}

/** The chunks of the file, up to the length in its head. Bytes after that are no part of the picture. */
function chunksOf(file: Buffer): readonly Chunk[] {
  if (file.length < FILE_HEAD_BYTES) throw malformedPicture();
  const end = CHUNK_HEAD_BYTES + file.readUInt32LE(4);
  if (end > file.length || end < FILE_HEAD_BYTES) throw malformedPicture();
  const chunks: Chunk[] = [];
  for (let at = FILE_HEAD_BYTES; at < end; ) {
    if (at + CHUNK_HEAD_BYTES > end) throw malformedPicture();
    const length = file.readUInt32LE(at + 4);
    const start = at + CHUNK_HEAD_BYTES;
    if (start + length > end) throw malformedPicture();
    chunks.push({ type: file.toString("latin1", at, at + 4), data: file.subarray(start, start + length) });
    // a byte of padding where the length is odd; the last one may be missing
    at = start + length + (length & 1);
  }
  return chunks;
}

/** The size of a lossy picture, from the head of its key frame (RFC 6386 9.1). */
function lossySize(data: Buffer): Size {
  if (data.length < 10 || ((data[0] ?? 1) & 1) !== 0 || data.readUIntBE(3, 3) !== 0x9d012a) throw malformedPicture();
  return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
}

/**
 * The size of a lossless picture, from its head (RFC 9649 3.4): the signature 0x2f, 14 bits of the width less one, 14
 * bits of the height less one, a bit for transparency, and three bits of the version, which is 0.
 */
function losslessSize(data: Buffer): Size {
  if (data.length < 5 || data[0] !== 0x2f) throw malformedPicture();
  const bits = data.readUInt32LE(1);
  if (bits >>> 29 !== 0) throw malformedPicture();
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function fileOf(chunks: readonly Chunk[]): Buffer {
  const body = chunks.flatMap(({ type, data }) => {
    const head = Buffer.alloc(CHUNK_HEAD_BYTES);
    head.write(type, "latin1");
    head.writeUInt32LE(data.length, 4);
    return [head, data, Buffer.alloc(data.length & 1)];
  });
  const head = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  head.writeUInt32LE(4 + body.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([head, ...body]);
}
