import { crc32 } from "node:zlib";
import { type CleanPicture, malformedPicture, PictureError } from "./picture-error.ts";

/** Bytes of the file's signature. */
const SIGNATURE_BYTES = 8;
/** Bytes of a chunk besides its data: length, type and checksum. */
const CHUNK_OVERHEAD_BYTES = 12;

/** The chunks that are kept, with the maximum bytes of their data. Others are removed (PNG, third edition, 11). */
const KEPT_CHUNKS: ReadonlyMap<string, number> = new Map([
  ["IHDR", 13],
  ["PLTE", 768],
  ["tRNS", 256],
  ["IDAT", Number.POSITIVE_INFINITY],
  ["IEND", 0],
  ["gAMA", 4],
  ["cHRM", 32],
  ["sRGB", 1],
  ["sBIT", 4],
]);
/** Chunks of animations (PNG, third edition, 11.3.6). */
const ANIMATION = new Set(["acTL", "fcTL", "fdAT"]);
/** Bits of a sample, by colour type. */
const SAMPLE_BITS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** The colour type of a picture with a palette. */
const COLOUR_TYPE_PALETTE = 3;

/** Reads a PNG's chunks, whose checksums have to be right, and leaves out metadata. Throws a PictureError. */
export function cleanPng(file: Buffer): CleanPicture {
  const kept = [file.subarray(0, SIGNATURE_BYTES)];
  const seen = new Set<string>();
  let size: { readonly width: number; readonly height: number; readonly isIndexed: boolean } | undefined;
  let last = "";
  for (let at = SIGNATURE_BYTES; last !== "IEND"; ) {
    const { type, chunk, data } = chunkAt(file, at);
    if (ANIMATION.has(type)) throw new PictureError("PICTURE_ANIMATED");
    if (size === undefined) size = readHeader(type, data);
    else if (type === "IHDR") throw malformedPicture();
    if (!KEPT_CHUNKS.has(type) && isCritical(type)) throw malformedPicture();
    // the pixels are in chunks that follow each other, and a palette comes before them
    const isRepeated = type === "IDAT" ? last !== "IDAT" && seen.has("IDAT") : KEPT_CHUNKS.has(type) && seen.has(type);
    if (isRepeated || (type === "PLTE" && seen.has("IDAT"))) throw malformedPicture();
    // data could be hidden behind what the chunk needs
    if (data.length > (KEPT_CHUNKS.get(type) ?? data.length)) throw malformedPicture();
    if (KEPT_CHUNKS.has(type)) kept.push(chunk);
    seen.add(type);
    last = type;
    at += chunk.length;
  }
  if (!size || !seen.has("IDAT") || (size.isIndexed && !seen.has("PLTE"))) throw malformedPicture();
  return { width: size.width, height: size.height, bytes: Buffer.concat(kept) };
}

function chunkAt(file: Buffer, at: number): { readonly type: string; readonly chunk: Buffer; readonly data: Buffer } {
  if (at + CHUNK_OVERHEAD_BYTES > file.length) throw malformedPicture();
  const length = file.readUInt32BE(at);
  const end = at + CHUNK_OVERHEAD_BYTES + length;
  if (end > file.length) throw malformedPicture();
  const type = file.toString("latin1", at + 4, at + 8);
  const checked = file.subarray(at + 4, end - 4);
  if (!/^[A-Za-z]{4}$/.test(type) || crc32(checked) !== file.readUInt32BE(end - 4)) throw malformedPicture();
  return { type, chunk: file.subarray(at, end), data: checked.subarray(4) };
}

function readHeader(type: string, data: Buffer) {
  if (type !== "IHDR" || data.length !== 13) throw malformedPicture();
  const [depth = 0, colour = 0, compression, filter, interlace = 0] = data.subarray(8);
  if (!SAMPLE_BITS[colour]?.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1)
    throw malformedPicture();
  return { width: data.readUInt32BE(0), height: data.readUInt32BE(4), isIndexed: colour === COLOUR_TYPE_PALETTE };
}

/** Whether a decoder that does not know the chunk has to give up: its first letter is a capital. */
function isCritical(type: string): boolean {
  return type.charCodeAt(0) < 0x61;
}
