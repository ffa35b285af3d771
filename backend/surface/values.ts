import { boolean, constant, nullable, object, optional, string, unbounded } from "./grammar.ts";

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

/**
 * A feature's part of the export of all that a user has written, a page at a time. A feature that declares it among its
 * `actions` as `NAME.exportPart` is asked for it.
 */
export const exportPart = {
  params: { userId: id, after: optional(string({ min: 1, max: 200 })) },
  returns: object({
    lines: unbounded.array(unbounded.object(), { description: "Each has a `type`. As JSON at most 700 kB together." }),
    after: nullable(unbounded.string(), { description: "Where the next page begins; null after the last one." }),
  }),
} as const;
