import { accepted, type Checked, refused } from "./checked.ts";

/*
 * Texts are stored and sent on as plain text, never as markup. Characters that cannot be shown or compared are refused
 * and not silently removed. The only changes are Unicode normalization (NFC), line ends (LF), and no blanks at start
 * and end.
 */

/** C0 and C1 controls and DEL, except line feed and tab. NUL is refused by PostgreSQL, the others drive terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Characters that are visible. */
export const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * More combining marks in a row than the Stream-Safe Text Format allows, which is 30
 * (https://www.unicode.org/reports/tr15/#UAX15-D3). Normalization sorts them in a time that grows with the square of
 * their number. The two halfwidth letters become such marks in NFKD.
 */
const LONG_RUN_OF_MARKS = /[\p{M}\uff9e\uff9f]{31,}/u;
const LONG_RUNS_OF_MARKS = new RegExp(LONG_RUN_OF_MARKS, "gu");

/** The text with at most 30 combining marks in a row, so that it is normalized in a time that grows with its length. */
export function withoutLongRunsOfMarks(text: string): string {
  return text.replace(LONG_RUNS_OF_MARKS, (marks) => marks.slice(0, 30));
}

/** Maximum length of a message in UTF-16 code units, after normalization. */
export const MAX_MESSAGE_LENGTH = 4000;
/** Maximum length of a display name in UTF-16 code units, after normalization. */
export const MAX_NAME_LENGTH = 64;

/**
 * Checks the text of a message: no control characters, at most `MAX_MESSAGE_LENGTH` long. Returns it in NFC with LF
 * line ends.
 */
export function checkMessageText(input: string): Checked<string> {
  if (!input.isWellFormed()) return refused("TEXT_NOT_UNICODE");
  if (LONG_RUN_OF_MARKS.test(input)) return refused("TEXT_MARKS");
  const text = input.normalize("NFC").replace(/\r\n?/g, "\n").trim();
  if (CONTROL.test(text)) return refused("TEXT_CONTROL");
  if (!VISIBLE.test(text)) return refused("TEXT_EMPTY");
  if (text.length > MAX_MESSAGE_LENGTH) return refused("TEXT_LONG");
  return accepted(text);
}
