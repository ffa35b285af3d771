import { createHash } from "node:crypto";
import type { Checked } from "../text/checked.ts";
import { type CleanPicture, malformedPicture, PictureError } from "./picture-error.ts";
import { cleanJpeg } from "./picture-jpeg.ts";
import { cleanPng } from "./picture-png.ts";
import { cleanWebp } from "./picture-webp.ts";
import { MAX_PICTURE_SIDE, type PictureType } from "./shapes.ts";

/** A picture that other users may see. */
export interface Picture {
  readonly type: PictureType;
  /** The file without metadata. */
  readonly bytes: Buffer;
}

const FORMATS: readonly {
  readonly type: PictureType;
  isFormat(bytes: Buffer): boolean;
  clean(bytes: Buffer): CleanPicture;
}[] = [
  { type: "image/png", isFormat: (bytes) => bytes.toString("latin1", 0, 8) === "\x89PNG\r\n\x1a\n", clean: cleanPng },
  { type: "image/jpeg", isFormat: (bytes) => bytes.toString("latin1", 0, 3) === "\xff\xd8\xff", clean: cleanJpeg },
  {
    type: "image/webp",
    isFormat: (bytes) => bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP",
    clean: cleanWebp,
  },
];

/**
 * Reads the picture in a file. Its type is decided by its content alone. Removes EXIF (but for the orientation of a
 * JPEG), XMP, texts, times, thumbnails, colour profiles and the bytes after the picture. Pixels are not decoded.
 */
export function readPicture(file: Buffer): Checked<Picture> {
  const format = FORMATS.find(({ isFormat }) => isFormat(file));
  if (!format) return { ok: false, code: "PICTURE_TYPE" };
  try {
    const { width, height, bytes } = format.clean(file);
    if (width === 0 || height === 0) throw malformedPicture();
    if (width > MAX_PICTURE_SIDE || height > MAX_PICTURE_SIDE) throw new PictureError("PICTURE_LARGE");
    return { ok: true, value: { type: format.type, bytes } };
  } catch (error) {
    if (error instanceof PictureError) return { ok: false, code: error.code };
    throw error;
  }
}

/** The last segment of a picture's path, 22 characters: it differs for each user and content. */
export function pictureHash(userId: string, { bytes }: Picture): string {
  return createHash("sha256").update(userId).update("\0").update(bytes).digest("base64url").slice(0, 22);
}
