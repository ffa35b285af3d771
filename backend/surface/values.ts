import { boolean, constant, nullable, object, optional, string, unbounded } from "./grammar.ts";

/** Schemas that several features use. */

/** The id of a user, a session or a report. */
export const id = string({ min: 1, max: 64 });
/** One of a few words, which the action checks. */
export const word = string({ min: 1, max: 16 });
/** A name that other users see. The action checks it by `text/name.ts`. */
export const displayName = string({
  min: 1,
  max: 64,
  refuses: ["NAME_CONTROL", "NAME_EMPTY", "NAME_LONG", "NAME_MIXED", "NAME_RESERVED"],
});

/** Always true: failures are errors. */
export const done = constant(true);
/** For a list that is returned in pages. */
export const more = boolean({ description: "Whether there are more after the last one." });

/**
 * The parameters and the result of the action by which a feature returns its part of the export of all that a user has
 * written, page by page. It is called for each feature that declares it in `actions` as `NAME.exportPart`.
 */
export const exportPart = {
  params: { userId: id, after: optional(string({ min: 1, max: 200 })) },
  returns: object({
    lines: unbounded.array(unbounded.object(), { description: "Each has a `type`. As JSON at most 700 kB together." }),
    after: nullable(unbounded.string(), { description: "Where the next page begins; null after the last one." }),
  }),
} as const;
