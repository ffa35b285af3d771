import { type CleanPicture, malformedPicture, PictureError } from "./picture-error.ts";
import { exifOrientation, orientationSegment } from "./picture-orientation.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP14 = 0xee;
const COMMENT = 0xfe;
const RESTART_0 = 0xd0;
const RESTART_7 = 0xd7;
/** Frames that browsers show: baseline, extended, progressive (ITU T.81, table B.1). */
const SHOWN_FRAMES = new Set([0xc0, 0xc1, 0xc2]);
/** Quantization tables, Huffman tables, the restart interval. */
const TABLES = new Set([0xdb, 0xc4, 0xdd]);
/** Bytes of a JFIF segment: `JFIF`, version and density, without a thumbnail. */
const JFIF_BYTES = 14;
/** Maximum number of scans. A progressive picture has about ten; a browser decodes all pixels for each. */
const MAX_SCANS = 50;
/** Bytes of an Adobe segment: `Adobe`, version, flags and how colours are coded. */
const ADOBE_BYTES = 12;

/**
 * Reads the segments of a JPEG (ITU T.81, annex B) up to its end, and leaves out metadata. The orientation of EXIF is
 * kept: without it the picture is shown the wrong way up. Throws a PictureError.
 */
export function cleanJpeg(file: Buffer): CleanPicture {
  const kept: Buffer[] = [Buffer.from([0xff, SOI])];
  let size: { readonly width: number; readonly height: number } | undefined;
  let orientation = 1;
  let scans = 0;
  for (let at = 2; ; ) {
    const { marker, start } = markerAt(file, at);
    if (marker === EOI) break;
    const end = segmentEnd(file, start);
    const data = file.subarray(start + 2, end);
    at = end;
    if (marker === APP1) orientation = exifOrientation(data) ?? orientation;
    else if (marker === APP0 && startsWith(data, "JFIF\0") && data.length >= JFIF_BYTES) {
      kept.push(segment(APP0, Buffer.concat([data.subarray(0, JFIF_BYTES - 2), Buffer.alloc(2)])));
    } else if (marker === APP14 && startsWith(data, "Adobe") && data.length >= ADOBE_BYTES) {
      kept.push(segment(APP14, data.subarray(0, ADOBE_BYTES)));
    } else if (marker === COMMENT || (marker >= APP0 && marker <= 0xef)) continue;
    else if (TABLES.has(marker)) kept.push(segment(marker, data));
    else if (SHOWN_FRAMES.has(marker)) {
      if (size) throw malformedPicture();
      size = frameSize(data);
      kept.push(segment(marker, data));
    } else if (marker === SOS) {
      if (!size) throw malformedPicture();
      at = scanEnd(file, end);
      kept.push(segment(SOS, data), file.subarray(end, at));
      scans += 1;
      if (scans > MAX_SCANS) throw malformedPicture();
    } else throw isFrame(marker) ? new PictureError("PICTURE_TYPE") : malformedPicture();
  }
  if (!size || scans === 0) throw malformedPicture();
  if (orientation !== 1) kept.splice(1, 0, segment(APP1, orientationSegment(orientation)));
  kept.push(Buffer.from([0xff, EOI]));
  return { ...size, bytes: Buffer.concat(kept) };
}

/** The marker at an offset, which any number of 0xff may precede, and the offset at which its segment starts. */
function markerAt(file: Buffer, at: number): { readonly marker: number; readonly start: number } {
  if (file[at] !== 0xff) throw malformedPicture();
  let next = at + 1;
  while (file[next] === 0xff) next += 1;
  const marker = file[next];
  if (marker === undefined || marker === 0) throw malformedPicture();
  return { marker, start: next + 1 };
}

function segmentEnd(file: Buffer, start: number): number {
  if (start + 2 > file.length) throw malformedPicture();
  const length = file.readUInt16BE(start);
  if (length < 2 || start + length > file.length) throw malformedPicture();
  return start + length;
}

/** The offset at which the coded pixels end: at a marker that is neither a stuffed byte nor a restart. */
function scanEnd(file: Buffer, start: number): number {
  for (let at = file.indexOf(0xff, start); at >= 0; at = file.indexOf(0xff, at)) {
    const next = file[at + 1];
    if (next === undefined) break;
    if (next === 0xff) at += 1;
    else if (next === 0 || (next >= RESTART_0 && next <= RESTART_7)) at += 2;
    else return at;
  }
  throw malformedPicture();
}

/** The size of a frame, which has to be grey or RGB: CMYK needs a colour profile, and profiles are removed. */
function frameSize(data: Buffer) {
  if (data.length < 6) throw malformedPicture();
  const components = data[5] ?? 0;
  if (data.length !== 6 + 3 * components) throw malformedPicture();
  if (components !== 1 && components !== 3) throw new PictureError("PICTURE_TYPE");
  return { height: data.readUInt16BE(1), width: data.readUInt16BE(3) };
}

/** Whether the marker begins a frame of a kind that browsers do not show: lossless, hierarchical, arithmetic. */
function isFrame(marker: number): boolean {
  return (marker >= 0xc3 && marker <= 0xcf && marker !== 0xc8) || marker === 0xde || marker === 0xdf;
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

function startsWith(data: Buffer, text: string): boolean {
  return data.toString("latin1", 0, text.length) === text;
}
