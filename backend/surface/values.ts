import { boolean, constant, string } from "./grammar.ts";

/** Schemas that several features use. */

/** Of a user, a session, a report. */
export const id = string({ min: 1, max: 64 });
/** One of a few words, which the action checks. */
export const word = string({ min: 1, max: 16 });
/** A name that is shown to others: `text/name.ts` checks it. */
export const displayName = string({
  min: 1,
  max: 64,
  refuses: ["NAME_CONTROL", "NAME_EMPTY", "NAME_LONG", "NAME_MIXED", "NAME_RESERVED"],
});

/** Always true: failures are errors. */
export const done = constant(true);
/** Of a list that is returned in pages. */
export const more = boolean({ description: "Whether there are more after the last one." });
