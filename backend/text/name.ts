import { accepted, type Checked, refused } from "./checked.ts";
import { hasReservedWord, isReservedName } from "./look-alike.ts";
import { MAX_NAME_LENGTH, VISIBLE } from "./text.ts";

/**
 * Control characters, bidirectional overrides, unassigned and private characters. Joiners and tags are not among them:
 * they are allowed in some places.
 */
const CONTROL = /(?!\u200c|\u200d|[\u{e0020}-\u{e007f}])\p{C}|[\u2028\u2029]/u;
/**
 * Characters that are not visible, and two blanks that Unicode does not count as such: Braille blank, null notehead.
 */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u;
/** Emoji, in which joiners, variation selectors and tags are allowed: only those that Unicode lists. */
const EMOJI = /\p{RGI_Emoji}|\p{Emoji}\ufe0f\u20e3?/gv;
/**
 * Joiners are allowed where a script needs them (RFC 5892, appendix A.1 and A.2): after a virama, and ZWNJ between
 * letters that join.
 */
const VIRAMA = String.raw`[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u103a]`;
const JOINING = String.raw`[[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}]&&\p{L}]`;
const JOINER = new RegExp(String.raw`(?<=${VIRAMA})[\u200c\u200d]|(?<=${JOINING}\p{M}*)\u200c(?=${JOINING})`, "gv");
/** More marks on one letter than any script uses, or the same mark twice (UTS #39, section 5.4). */
const STACKED_MARKS = /\p{Mn}{5}|(\p{Mn})\1/u;

/**
 * Checks a display name: one line, no characters that hide or reorder others, at most `MAX_NAME_LENGTH` long. Returns
 * it in NFC, with single spaces between words.
 */
export function checkDisplayName(input: string): Checked<string> {
  if (!input.isWellFormed()) return refused("NAME_NOT_UNICODE");
  const name = input.normalize("NFC").trim();
  if (CONTROL.test(name)) return refused("NAME_CONTROL");
  const spaced = name.replace(/\s+/gu, " ");
  if (!VISIBLE.test(spaced.replace(new RegExp(INVISIBLE, "gu"), ""))) return refused("NAME_EMPTY");
  if (spaced.length > MAX_NAME_LENGTH) return refused("NAME_LONG");
  if (INVISIBLE.test(spaced.replace(EMOJI, "").replace(JOINER, ""))) return refused("NAME_CONTROL");
  if (STACKED_MARKS.test(spaced.normalize("NFD"))) return refused("NAME_CONTROL");
  if (!hasPlainWords(spaced)) return refused("NAME_MIXED");
  return isReservedName(spaced) || hasReservedWord(spaced) ? refused("NAME_RESERVED") : accepted(spaced);
}

/**
 * Scripts that people write today (UAX #31, tables 5 and 7).
 */
const SCRIPTS = [
  ...[
    "Latn",
    "Cyrl",
    "Grek",
    "Arab",
    "Hebr",
    "Armn",
    "Geor",
    "Deva",
    "Beng",
    "Guru",
    "Gujr",
    "Orya",
    "Taml",
    "Telu",
    "Knda",
  ],
  ...[
    "Mlym",
    "Sinh",
    "Thai",
    "Laoo",
    "Tibt",
    "Mymr",
    "Khmr",
    "Ethi",
    "Thaa",
    "Cher",
    "Cans",
    "Mong",
    "Syrc",
    "Tfng",
    "Nkoo",
  ],
  ...["Adlm", "Vaii", "Java", "Bali", "Sund", "Cham", "Cakm", "Yiii", "Olck", "Limb", "Talu", "Tavt", "Lisu", "Newa"],
  ...[
    "Lepc",
    "Bamu",
    "Batk",
    "Kali",
    "Lana",
    "Mtei",
    "Plrd",
    "Saur",
    "Sylo",
    "Rohg",
    "Hmnp",
    "Wcho",
    "Osge",
    "Mand",
    "Samr",
  ],
];
/** Scripts that may be mixed within a word (UTS #39, 5.2 Highly Restrictive). */
const SCRIPT_GROUPS = [
  ["Latn", "Hani", "Hira", "Kana"],
  ["Latn", "Hani", "Bopo"],
  ["Latn", "Hani", "Hang"],
  ...SCRIPTS.map((one) => [one]),
];
const WORD_PATTERNS = SCRIPT_GROUPS.map((scripts) => {
  const parts = [...scripts, "Zyyy", "Zinh"].map((one) => `\\p{scx=${one}}`);
  return new RegExp(`^[${parts.join("")}]*$`, "u");
});

/**
 * Whether each word is written in one script, or in scripts that are written together: no Cyrillic letter hides among
 * Latin ones.
 */
function hasPlainWords(name: string): boolean {
  return name
    .split(/[^\p{L}\p{M}\p{N}\u200c\u200d]+/u)
    .every((word) => WORD_PATTERNS.some((pattern) => pattern.test(word)));
}

/** Whether a name can be read as it is: no invisible characters, no stacked marks, one script in each word. */
export function isPlainName(name: string): boolean {
  return !INVISIBLE.test(name) && !STACKED_MARKS.test(name.normalize("NFD")) && hasPlainWords(name);
}
