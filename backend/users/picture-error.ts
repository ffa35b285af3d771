/** Why a picture is refused. */
export type PictureFault = "PICTURE_TYPE" | "PICTURE_MALFORMED" | "PICTURE_ANIMATED" | "PICTURE_LARGE";

/** What a reader of one format has found: the picture's size in pixels, and its bytes without metadata. */
export interface CleanPicture {
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
}

/** Thrown by the readers of the formats. */
export class PictureError extends Error {
  readonly code: PictureFault;
  constructor(code: PictureFault) {
    super(code);
    this.code = code;
  }
}

/** The file does not follow its format. */
export function malformed(): PictureError {
  return new PictureError("PICTURE_MALFORMED");
}
