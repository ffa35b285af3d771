import { NAME_MAX } from "../text/text.ts";

/** Maximum number of users that one message mentions. */
export const MENTIONS_MAX = 10;
/** Maximum number of words after an `@` that may be a name. */
const WORDS = 4;

/** An `@` that may mention a user: no letter, digit, dot, hyphen or underscore before it, as in `ada@example.org`. */
const AT = /(?<![\p{L}\p{M}\p{N}_.-])@/gu;
/** Punctuation at the end, which may belong to the sentence and not to the name. */
const TRAILING = /[\p{P}\p{S}]+$/u;

/**
 * The texts that may be display names after an `@`: after each of the first ten `@`, the next one to four words, with
 * and without the punctuation at their end. The caller looks up which of them are names of members.
 */
export function namesMentioned(text: string): readonly string[] {
  const names = new Set<string>();
  let count = 0;
  for (const { index } of text.matchAll(AT)) {
    if (count++ === MENTIONS_MAX) break;
    const words = text.slice(index + 1, index + 2 + NAME_MAX).split(/\s+/u, WORDS);
    for (let length = 1; length <= words.length; length += 1) {
      const name = words.slice(0, length).join(" ");
      for (const candidate of [name, name.replace(TRAILING, "")]) if (candidate !== "") names.add(candidate);
    }
  }
  return [...names];
}
