import { accepted, type Checked, refused } from "./checked.ts";

/*
 * Text is text: it is stored and sent on as it is and never as markup. What cannot be shown or compared is refused
 * rather than silently changed; the only changes made are Unicode normalisation (NFC), line ends (LF) and blanks at
 * the ends.
 */

/** C0 and C1 controls and DEL, except line feed and tab. NUL is refused by PostgreSQL, the others drive terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Something that leaves a mark on the screen. */
export const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Longest message in UTF-16 code units, after cleaning. */
export const MESSAGE_MAX = 4000;
/** Longest display name in UTF-16 code units, after cleaning. */
export const NAME_MAX = 64;

/**
 * The text of a message: well-formed Unicode in NFC with LF line ends, no control characters, at most `MESSAGE_MAX`
 * long.
 */
export function messageText(input: string): Checked<string> {
  if (!input.isWellFormed()) return refused("TEXT_NOT_UNICODE");
  const text = input.normalize("NFC").replace(/\r\n?/g, "\n").trim();
  if (CONTROL.test(text)) return refused("TEXT_CONTROL");
  if (!VISIBLE.test(text)) return refused("TEXT_EMPTY");
  if (text.length > MESSAGE_MAX) return refused("TEXT_LONG");
  return accepted(text);
}
