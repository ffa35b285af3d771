/** Characters that a reader does not see as themselves: control characters, line ends, invisible ones, surrogates. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

const EACH = new RegExp(UNPRINTABLE, "gu");

/** A character as JSON escapes it: each of its UTF-16 code units. */
const unitEscapes = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");

/** JSON with its unprintable characters as escapes: it reads back as the same value. */
export const printableLiteral = (json: string): string => json.replace(EACH, unitEscapes);
