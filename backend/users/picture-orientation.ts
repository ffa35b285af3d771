const EXIF = "Exif\0\0";
/** The tag of the orientation. */
const ORIENTATION_TAG = 0x0112;
/** The type of an entry whose value is a 16-bit number. */
const SHORT_TYPE = 3;
/** Maximum number of entries of the first directory that are read. */
const MAX_ENTRIES = 200;

/**
 * The orientation of a picture, 1 to 8, from the first directory of EXIF (EXIF 2.32, 4.6.5); undefined where EXIF has
 * none.
 */
export function exifOrientation(segment: Buffer): number | undefined {
  if (segment.toString("latin1", 0, EXIF.length) !== EXIF) return undefined;
  const tiff = segment.subarray(EXIF.length);
  const order = tiff.toString("latin1", 0, 2);
  if (tiff.length < 8 || (order !== "II" && order !== "MM")) return undefined;
  const isLittle = order === "II";
  const short = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return undefined;
  const entries = Math.min(short(directory), MAX_ENTRIES);
  for (let index = 0; index < entries; index++) {
    const at = directory + 2 + 12 * index;
    if (at + 12 > tiff.length) return undefined;
    if (short(at) !== ORIENTATION_TAG || short(at + 2) !== SHORT_TYPE) continue;
    const value = short(at + 8);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** EXIF with the orientation of a picture, and nothing else. */
export function orientationSegment(orientation: number): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write("MM\0*", "latin1");
  tiff.writeUInt32BE(8, 4); // where the directory begins
  tiff.writeUInt16BE(1, 8); // one entry
  tiff.writeUInt16BE(ORIENTATION_TAG, 10);
  tiff.writeUInt16BE(SHORT_TYPE, 12);
  tiff.writeUInt32BE(1, 14); // one value
  tiff.writeUInt16BE(orientation, 18);
  return Buffer.concat([Buffer.from(EXIF, "latin1"), tiff]);
}
