import { accepted, type Checked, refused } from "./checked.ts";

/*
 * Text is text: it is stored and sent on as it is and never as markup. What cannot be shown or compared is refused rather than
 * silently changed; the only changes made are Unicode normalisation (NFC), line ends (LF) and blanks at the ends.
 */

/** C0 and C1 controls and DEL, except line feed and tab. NUL is refused by PostgreSQL, the others drive terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Controls, bidirectional overrides, unassigned and private characters; ZWNJ and ZWJ stay, Persian and emoji need them. */
const UNFIT_FOR_NAME = /(?![\u200c\u200d])\p{C}|[\u2028\u2029]/u;

/** Something that leaves a mark on the screen. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Longest message in UTF-16 code units, after cleaning. */
export const MESSAGE_MAX = 4000;
/** Longest display name in UTF-16 code units, after cleaning. */
export const NAME_MAX = 64;

/** The text of a message: well-formed Unicode in NFC with LF line ends, no control characters, at most `MESSAGE_MAX` long. */
export function messageText(input: string): Checked<string> {
  if (!input.isWellFormed()) return refused("TEXT_NOT_UNICODE");
  const text = input.normalize("NFC").replace(/\r\n?/g, "\n").trim();
  if (CONTROL.test(text)) return refused("TEXT_CONTROL");
  if (!VISIBLE.test(text)) return refused("TEXT_EMPTY");
  if (text.length > MESSAGE_MAX) return refused("TEXT_LONG");
  return accepted(text);
}

/** A display name: one line, no characters that hide or reorder others, runs of blanks made one, at most `NAME_MAX` long. */
export function displayName(input: string): Checked<string> {
  if (!input.isWellFormed()) return refused("NAME_NOT_UNICODE");
  const name = input.normalize("NFC").trim();
  if (UNFIT_FOR_NAME.test(name)) return refused("NAME_CONTROL");
  const tidy = name.replace(/\s+/gu, " ");
  if (!VISIBLE.test(tidy)) return refused("NAME_EMPTY");
  if (tidy.length > NAME_MAX) return refused("NAME_LONG");
  return accepted(tidy);
}
