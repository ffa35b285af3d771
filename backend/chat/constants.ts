/** Values that server and page share. This file imports nothing, so that the page's bundle gets the values alone. */

/** Roles within a room in ascending order; each includes the ones before it. */
export const ROOM_ROLES = ["member", "moderator", "owner"] as const;

/** Milliseconds after sending in which the author may edit a message. */
export const EDIT_WINDOW_MS = 60 * 60 * 1000;
