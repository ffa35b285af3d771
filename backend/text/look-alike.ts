import { readFileSync } from "node:fs";

/*
 * Compares names by what they look like, with the skeletons of UTS #39 (Unicode Security Mechanisms, section 4).
 * `confusables.json` has, for each character of Unicode's confusables.txt, what it looks like, without the characters
 * that compatibility decomposition (UAX #15) covers. test/backend/text/confusables-table.ts makes the file.
 */

const table = new Map(
  Object.entries(JSON.parse(readFileSync(new URL("confusables.json", import.meta.url), "utf8")) as object).flatMap(
    ([looksLike, characters]) => [...String(characters)].map((character) => [character, looksLike] as const),
  ),
);

/** Characters that are not visible (Unicode: Default_Ignorable_Code_Point). */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/** The skeleton of a text: two texts with the same skeleton look alike. It is compared, never shown. */
export function skeleton(text: string): string {
  const plain = text.normalize("NFKD").replace(IGNORABLE, "");
  return [...plain]
    .map((character) => table.get(character) ?? character)
    .join("")
    .normalize("NFD");
}

/** The keys of a name. Two names with a common key look alike: as they are written, or in small letters. */
export function nameKeys(name: string): readonly string[] {
  return [`written ${skeleton(name)}`, `small ${skeleton(name.normalize("NFKC").toLowerCase())}`];
}

/** Reserved names: those by which a user could pass for the site or its operators, or address all users. */
const RESERVED = [
  ...["admin", "admins", "administrator", "administrators", "moderator", "moderators", "mod", "mods", "operator"],
  ...["system", "support", "staff", "official", "security", "helpdesk", "everyone", "everybody", "somebody who left"],
  ...["anonymous", "abuse", "postmaster", "webmaster", "hostmaster", "causeway"],
];

/**
 * The letters of a text, in small letters, each as the Latin letter that it looks like. `i`, `l` and `1` become one
 * letter, since a capital `i` looks like the others.
 */
function lookAlikeLetters(text: string): string {
  const looks = [...skeleton(text.toLowerCase()).toLowerCase()].map((one) => LOOKS_LIKE_LATIN.get(one) ?? one).join("");
  return skeleton(looks).toLowerCase().replace(/\P{L}/gu, "").replaceAll("i", "l");
}

/**
 * Small capitals, and the characters that Cyrillic small letters look like by Unicode's data, each with the Latin
 * letter for which readers take it. Unicode's data does not list these pairs.
 */
const LOOKS_LIKE_LATIN = new Map(
  [
    [
      "\u1d00\u0299\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d18\u0280\ua731\u1d1b\u1d1c\u028f",
      "abdefghijklmnprstuy",
    ],
    ["\u028d\u1d0e\u03c0\u1d19\u0138\u0185", "mnnrkb"],
  ].flatMap(([drawn = "", plain = ""]) => [...drawn].map((one, index) => [one, plain[index] ?? one] as const)),
);

const reservedLetters = new Set(RESERVED.map(lookAlikeLetters));

/** The letter A of alphabets in circles and boxes that compatibility decomposition leaves as they are. */
const BOXED_ALPHABETS = [0x1f150, 0x1f170, 0x1f1e6];
/** Digits and signs that people write in place of letters. */
const LETTERS_BY_SIGN: Readonly<Record<string, string>> = { "@": "a", "4": "a", "3": "e", $: "s", "5": "s", "7": "t" };

/** The letter that a character stands for in names that imitate others. */
function plainLetter(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const first = BOXED_ALPHABETS.find((one) => point >= one && point < one + 26);
  return first === undefined ? (LETTERS_BY_SIGN[character] ?? character) : String.fromCharCode(0x61 + point - first);
}

const plainLetters = (name: string): string => [...name].map(plainLetter).join("");

/** Whether a name reads like a reserved one, apart from digits, marks and punctuation in it. */
export function isReservedName(name: string): boolean {
  return [name, name.replace(/\p{N}/gu, ""), plainLetters(name)].some((one) =>
    reservedLetters.has(lookAlikeLetters(one)),
  );
}

/** Characters between two words. */
const GAP = "[^\\p{L}\\p{M}\\p{N}]+";
/** The characters between two single letters, as in `a d m i n`. */
const LETTERS_APART = new RegExp(`(?<=(?<![\\p{L}\\p{M}])\\p{L})${GAP}(?=\\p{L}(?![\\p{L}\\p{M}]))`, "gu");

/** Whether one of the words of a name is a reserved name, even where its letters are apart: `a d m i n`. */
export function hasReservedWord(name: string): boolean {
  const words = [name, plainLetters(name)].flatMap((one) => [one, one.replace(LETTERS_APART, "")]);
  return words.some((one) => one.split(new RegExp(GAP, "u")).some(isReservedName));
}
