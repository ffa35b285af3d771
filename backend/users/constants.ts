/** Values that server and page share. This file imports nothing, so that the page's bundle gets the values alone. */

/** Media types of users' pictures. */
export const PICTURE_TYPES = ["image/png", "image/jpeg", "image/webp"] as const;

/** Bytes of a picture that a user may send. */
export const MAX_PICTURE_BYTES = 256 * 1024;
