import { NAME_MAX } from "../text/text.ts";

/** People that one message may mention. */
export const MENTIONS_MAX = 10;
/** Words that a name after an `@` is looked for in. */
const WORDS = 4;

/** An `@` that may mention a user: no letter, digit, dot, hyphen or underscore before it, as in `ada@example.org`. */
const AT = /(?<![\p{L}\p{M}\p{N}_.-])@/gu;
/** What ends a sentence rather than a name. */
const TRAILING = /[\p{P}\p{S}]+$/u;

/**
 * The display names that a text may mean by `@Name`: after each of its first ten `@`, the next one to four words, with
 * and without the punctuation at their end. Whose names they are, the room's members decide.
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
