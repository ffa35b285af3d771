/** Why a picture is refused. */
export type PictureFault = "PICTURE_TYPE" | "PICTURE_MALFORMED" | "PICTURE_ANIMATED" | "PICTURE_LARGE";

/** A picture without metadata. Width and height are in pixels. */
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

/** The error for a file that does not follow its format. */
export function malformedPicture(): PictureError {
  return new PictureError("PICTURE_MALFORMED");
}
