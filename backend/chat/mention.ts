import { MAX_NAME_LENGTH } from "../text/text.ts";

/** Maximum number of users that one message mentions. */
export const MAX_MENTIONS = 10;
/** Maximum number of words after an `@` that may be a name. */
const MAX_NAME_WORDS = 4;

/** An `@` that may mention a user: no letter, digit, dot, hyphen or underscore before it, as in `ada@example.org`. */
const MENTION_SIGN = /(?<![\p{L}\p{M}\p{N}_.-])@/gu;
/** Punctuation at the end, which may belong to the sentence and not to the name. */
const TRAILING_PUNCTUATION = /[\p{P}\p{S}]+$/u;

/**
 * The texts that may be display names after an `@`: after each of the first ten `@`, the next one to four words, with
 * and without the punctuation at their end. The caller looks up which of them are names of members.
 */
export function possibleNames(text: string): readonly string[] {
  const names = new Set<string>();
  let count = 0;
  for (const { index } of text.matchAll(MENTION_SIGN)) {
    if (count++ === MAX_MENTIONS) break;
    const words = text.slice(index + 1, index + 2 + MAX_NAME_LENGTH).split(/\s+/u, MAX_NAME_WORDS);
    for (let length = 1; length <= words.length; length += 1) {
      const name = words.slice(0, length).join(" ");
      for (const candidate of [name, name.replace(TRAILING_PUNCTUATION, "")])
        if (candidate !== "") names.add(candidate);
    }
  }
  return [...names];
}
